//! The `cognate` program.

/// A request makes and frees some hundred small pieces of memory; this allocator does it in a fraction of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    cognate::cli::run()
}
