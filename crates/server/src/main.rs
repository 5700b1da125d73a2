//! The `cognate` program.

fn main() -> anyhow::Result<()> {
    cognate::cli::run()
}
