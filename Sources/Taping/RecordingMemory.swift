/// Memory of one part of a recording, as long as somebody writes to it or has it lent.
@safe final class RecordingMemory {
    let base: UnsafeMutableRawPointer
    let capacity: Int

    init(_ capacity: Int) {
        self.capacity = capacity
        unsafe base = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit { unsafe base.deallocate() }
}
