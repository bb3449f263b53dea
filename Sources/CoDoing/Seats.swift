import Synchronization

/// Which loop each thread is in the slot of.
///
/// It takes the place of a thread-local variable, which Swift does not have. A thread has a seat while it is in a slot,
/// nearly always the first one that it looks at.
enum Seats {
    private static let count = 256
    private nonisolated(unsafe) static let seats: UnsafeMutablePointer<Seat> = {
        let seats = UnsafeMutablePointer<Seat>.allocate(capacity: count)
        for index in 0..<count { unsafe (seats + index).initialize(to: Seat()) }
        return unsafe seats
    }()

    /// The loop in whose slot this thread is.
    @inline(__always)
    static func current(_ thread: UInt) -> LoopFields? {
        let seat = unsafe seats + first(thread)
        guard unsafe _fastPath(seat.pointee.thread.load(ordering: .relaxed) == thread) else {
            return unsafe find(thread)?.pointee.sitting
        }
        return unsafe seat.pointee.sitting
    }

    /// Sits a loop down and answers which one sat there before: that of the slot around.
    @inline(__always)
    static func enter(_ loop: LoopFields, _ thread: UInt) -> LoopFields? {
        let seat = unsafe seats + first(thread)
        if unsafe _fastPath(seat.pointee.thread.load(ordering: .relaxed) == 0),
            unsafe seat.pointee.thread.compareExchange(expected: 0, desired: thread, ordering: .acquiring).exchanged
        {
            unsafe seat.pointee.sitting = unsafe loop
            return nil
        }
        return unsafe enterElsewhere(loop, thread)
    }

    /// Gives the seat back to the loop of the slot around, or frees it.
    @inline(__always)
    static func leave(_ thread: UInt, for around: LoopFields?) {
        var seat = unsafe seats + first(thread)
        if unsafe _slowPath(seat.pointee.thread.load(ordering: .relaxed) != thread) {
            unsafe seat = unsafe find(thread)!
        }
        unsafe seat.pointee.sitting = unsafe around
        if unsafe around == nil { unsafe seat.pointee.thread.store(0, ordering: .releasing) }
    }

    /// Thread numbers are mostly addresses of big blocks, so the low bits say nothing.
    @inline(__always)
    private static func first(_ thread: UInt) -> Int {
        Int(truncatingIfNeeded: (thread &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    @inline(never)
    private static func find(_ thread: UInt) -> UnsafeMutablePointer<Seat>? {
        for index in 0..<count where unsafe seats[index].thread.load(ordering: .relaxed) == thread {
            return unsafe seats + index
        }
        return nil
    }

    /// In a slot inside a slot, and where another thread has the seat.
    @inline(never)
    private static func enterElsewhere(_ loop: LoopFields, _ thread: UInt) -> LoopFields? {
        if let seat = unsafe find(thread) {
            let around = unsafe seat.pointee.sitting
            unsafe seat.pointee.sitting = unsafe loop
            return unsafe around
        }
        var index = first(thread)
        while unsafe !seats[index].thread.compareExchange(expected: 0, desired: thread, ordering: .acquiring).exchanged
        {
            index = (index + 1) % count
        }
        unsafe seats[index].sitting = unsafe loop
        return nil
    }
}

/// See ``Seats``.
@unsafe private struct Seat: ~Copyable {
    /// Whose seat it is, 0 for nobody's.
    let thread = Atomic<UInt>(0)
    /// Touched by that thread only.
    var sitting: LoopFields?
}
