/// Asks the C library, once for the whole process, to keep memory that is freed instead of returning it at once.
///
/// glibc returns the top of its heap whenever 128 KiB of it are free, and takes every page anew, cleared, for the next
/// memos. It stops doing so once a large block was freed: its thresholds follow the largest block it has seen freed, up
/// to 32 MiB. This allocates such a block without touching it, and frees it. A program that receives thousands of memos
/// a pass and drops them is then about twice as fast, and keeps up to 64 MiB that it does not use.
///
/// A program that receives memos of a MiB is a sixth faster still where the kernel gives huge pages to those that ask
/// (`madvise`), and glibc asks: `GLIBC_TUNABLES=glibc.malloc.hugetlb=1` in its environment.
///
/// Storage that is given back by ``Memoer/give(_:)`` needs none of this. Other C libraries do as they please.
///
/// - Source: `mallopt(3)`, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, "dynamic".
public func retainFreedMemory() {
    let block = unsafe [UInt8](unsafeUninitializedCapacity: 31 << 20) { _, count in count = 0 }
    precondition(block.isEmpty)
}
