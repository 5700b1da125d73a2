//! Memory that is read and written all over, as Argon2's is: where the system can, it lies in large pages, so that
//! few entries of the processor's table translate all its addresses. The rest of the program lies in small pages, of
//! which only what is used is held.

use memmap2::MmapMut;
use std::{
    io,
    marker::PhantomData,
    mem::MaybeUninit,
    ops::{Deref, DerefMut, Range},
};

/// A large page of x86-64 and of most AArch64 systems, in bytes. Where it is another the memory is as good, but may
/// lie in small pages.
const LARGE_PAGE: usize = 2 << 20;

/// A fixed number of items. The memory goes back to the system when this is dropped.
pub struct LargePages<T> {
    mapping: MmapMut,
    /// Where the items lie in the mapping.
    bytes: Range<usize>,
    items: PhantomData<T>,
}

impl<T: Copy> LargePages<T> {
    /// So many copies of `item`.
    ///
    /// # Errors
    /// The system has no more memory.
    pub fn new(length: usize, item: T) -> io::Result<LargePages<T>> {
        const { assert!(size_of::<T>() > 0, "items without a size need no memory") };
        // The last page is a whole one, and the first begins where a large page may.
        let bytes = length.checked_mul(size_of::<T>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let room = bytes.checked_next_multiple_of(LARGE_PAGE).and_then(|room| room.checked_add(LARGE_PAGE));
        let room = room.ok_or(io::ErrorKind::OutOfMemory)?;
        let mapping = MmapMut::map_anon(room)?;
        let start = mapping.as_ptr().align_offset(LARGE_PAGE.max(align_of::<T>()));
        // Before anything is written, as it is then that the system chooses. One without large pages refuses, and the
        // memory is as good.
        #[cfg(target_os = "linux")]
        let _ = mapping.advise(memmap2::Advice::HugePage);
        let mut pages = LargePages { mapping, bytes: start..start + bytes, items: PhantomData };
        pages.cells().fill(MaybeUninit::new(item));
        Ok(pages)
    }
}

impl<T> LargePages<T> {
    #[allow(unsafe_code)]
    fn cells(&mut self) -> &mut [MaybeUninit<T>] {
        let bytes = &mut self.mapping[self.bytes.clone()];
        // SAFETY: any bytes are a `MaybeUninit`.
        let (before, cells, after) = unsafe { bytes.align_to_mut() };
        debug_assert!(before.is_empty() && after.is_empty());
        cells
    }
}

impl<T> Deref for LargePages<T> {
    type Target = [T];

    #[allow(unsafe_code)]
    fn deref(&self) -> &[T] {
        let bytes = &self.mapping[self.bytes.clone()];
        // SAFETY: `new` has filled all of them with items, which can be copied and so need no dropping.
        unsafe { bytes.align_to().1 }
    }
}

impl<T> DerefMut for LargePages<T> {
    #[allow(unsafe_code)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: `new` has filled all of them with items.
        unsafe { self.cells().assume_init_mut() }
    }
}

#[cfg(test)]
mod tests {
    use super::LargePages;

    #[test]
    fn holds_what_is_written_however_long() {
        for length in [0, 1, 511, 512, 513, 3 << 20] {
            let mut items = LargePages::new(length, 7_u16).unwrap();
            assert!(items.len() == length && items.iter().all(|item| *item == 7));
            items.iter_mut().enumerate().for_each(|(at, item)| *item = at as u16);
            assert!(items.iter().enumerate().all(|(at, item)| *item == at as u16));
        }
        assert!(LargePages::new(usize::MAX, 7_u16).is_err());
    }
}
