import Synchronization

/// Which loop each thread is in the slot of.
///
/// It takes the place of a thread-local variable, which Swift does not have. A thread has a seat while it is in a slot,
/// nearly always the first one that it looks at.
enum Seats {
    private static let count = 256
    private nonisolated(unsafe) static let seats: UnsafeMutablePointer<Seat> = {
        let seats = UnsafeMutablePointer<Seat>.allocate(capacity: count)
        for index in 0..<count { (seats + index).initialize(to: Seat()) }
        return seats
    }()

    /// The loop in whose slot this thread is.
    @inline(__always)
    static func current(_ thread: UInt) -> LoopFields? {
        let seat = seats + first(thread)
        guard _fastPath(seat.pointee.thread.load(ordering: .relaxed) == thread) else {
            return find(thread)?.pointee.sitting
        }
        return seat.pointee.sitting
    }

    /// Sits a loop down and answers which one sat there before: that of the slot around.
    @inline(__always)
    static func enter(_ loop: LoopFields, _ thread: UInt) -> LoopFields? {
        let seat = seats + first(thread)
        if _fastPath(seat.pointee.thread.load(ordering: .relaxed) == 0),
            seat.pointee.thread.compareExchange(expected: 0, desired: thread, ordering: .acquiring).exchanged
        {
            seat.pointee.sitting = loop
            return nil
        }
        return enterElsewhere(loop, thread)
    }

    /// Gives the seat back to the loop of the slot around, or frees it.
    @inline(__always)
    static func leave(_ thread: UInt, for around: LoopFields?) {
        var seat = seats + first(thread)
        if _slowPath(seat.pointee.thread.load(ordering: .relaxed) != thread) { seat = find(thread)! }
        seat.pointee.sitting = around
        if around == nil { seat.pointee.thread.store(0, ordering: .releasing) }
    }

    /// Thread numbers are mostly addresses of big blocks, so the low bits say nothing.
    @inline(__always)
    private static func first(_ thread: UInt) -> Int {
        Int(truncatingIfNeeded: (thread &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    @inline(never)
    private static func find(_ thread: UInt) -> UnsafeMutablePointer<Seat>? {
        for index in 0..<count where seats[index].thread.load(ordering: .relaxed) == thread { return seats + index }
        return nil
    }

    /// In a slot inside a slot, and where another thread has the seat.
    @inline(never)
    private static func enterElsewhere(_ loop: LoopFields, _ thread: UInt) -> LoopFields? {
        if let seat = find(thread) {
            let around = seat.pointee.sitting
            seat.pointee.sitting = loop
            return around
        }
        var index = first(thread)
        while !seats[index].thread.compareExchange(expected: 0, desired: thread, ordering: .acquiring).exchanged {
            index = (index + 1) % count
        }
        seats[index].sitting = loop
        return nil
    }
}

/// See ``Seats``.
private struct Seat: ~Copyable {
    /// Whose seat it is, 0 for nobody's.
    let thread = Atomic<UInt>(0)
    /// Touched by that thread only.
    var sitting: LoopFields?
}
