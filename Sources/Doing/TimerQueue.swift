import Containers

/// Deeds by retyme: a heap while there are few, a wheel from some hundreds on, with the heap for retymes that are out
/// of its reach.
struct TimerQueue {
    /// From how many timers on a wheel, which takes 20 KB, is worth it.
    private static var wheelFrom: Int { 256 }

    private var heap = DeedHeap<TimerIndex>()
    private var wheel: TimerWheel?

    /// How many deeds stand in it.
    var count: Int { heap.count + (wheel?.count ?? 0) }

    /// Whether a deed stands in it where it says; for checks.
    func holds(_ deed: Deed) -> Bool {
        if deed.pointee.place == .wheel { return wheel?.holds(deed) ?? false }
        guard Int(deed.pointee.slot) < heap.count, let entry = unsafe heap.base?[Int(deed.pointee.slot)] else {
            return false
        }
        return entry.deed == deed && entry.key == deed.pointee.retyme.orderedBits
    }

    var isEmpty: Bool { heap.isEmpty && (wheel?.count ?? 0) == 0 }

    /// Whether nothing can be due at `tyme`; a wheel that holds something is not asked, since its answer costs more.
    @inline(__always)
    func isQuiet(at tyme: Tyme) -> Bool {
        (heap.isEmpty || heap.first.key > tyme.orderedBits) && (wheel == nil || wheel!.count == 0)
    }

    /// The least retyme, infinite if there is none.
    mutating func first() -> Tyme {
        let first = heap.isEmpty ? Tyme.infinity : Tyme(orderedBits: heap.first.key)
        guard wheel != nil, wheel!.count > 0 else { return first }
        return min(first, wheel!.first())
    }

    /// Puts a deed in by its retyme, which must be finite.
    @inline(__always)
    mutating func insert(_ deed: Deed, engine: Engine) {
        let retyme = deed.pointee.retyme
        guard _fastPath(wheel == nil && heap.hasRoom) else { return insertSlow(deed, engine) }
        deed.pointee.place = .heap
        heap.insertInRoom(deed, key: retyme.orderedBits)
    }

    /// The same where there is a wheel, or where the heap has to grow, or is large enough to become one.
    @inline(never)
    private mutating func insertSlow(_ deed: Deed, _ engine: Engine) {
        let retyme = deed.pointee.retyme
        if wheel != nil, wheel!.holds(retyme) { return insertInWheel(deed) }
        deed.pointee.place = .heap
        heap.insert(deed, key: retyme.orderedBits)
        if heap.count >= Self.wheelFrom, wheel == nil { makeWheel(engine) }
    }

    private mutating func insertInWheel(_ deed: Deed) {
        deed.pointee.place = .wheel
        wheel!.insert(deed, at: deed.pointee.retyme)
    }

    /// Takes out a deed that stands in it.
    mutating func remove(_ deed: Deed) {
        if deed.pointee.place == .wheel { wheel!.remove(deed) } else { heap.remove(at: Int(deed.pointee.slot)) }
    }

    /// Takes out the one deed that is due at `tyme`; nil if none or several are, or if a wheel might hold some.
    @inline(__always)
    mutating func takeLone(at tyme: Tyme) -> Deed? {
        guard wheel == nil, heap.isFirstAlone(until: tyme.orderedBits) else { return nil }
        return heap.popFirst()
    }

    /// Takes out all deeds that are due at `tyme` and hands them over, in no order.
    mutating func takeDue(at tyme: Tyme, _ take: (Deed) -> Void) {
        let key = tyme.orderedBits
        while !heap.isEmpty, heap.first.key <= key { take(heap.popFirst()) }
        if wheel != nil, wheel!.count > 0 { wheel!.takeDue(at: tyme, take) }
    }

    /// Gives the memory back.
    mutating func free() {
        heap.free()
        wheel?.free()
        wheel = nil
    }

    @inline(never)
    private mutating func makeWheel(_ engine: Engine) {
        var wheel = TimerWheel(tyme: engine.pointee.tyme, tock: engine.pointee.tock)
        var old = DeedHeap<TimerIndex>()
        swap(&heap, &old)
        for index in 0..<old.count {
            let deed = unsafe old.base![index].deed
            if wheel.holds(deed.pointee.retyme) {
                deed.pointee.place = .wheel
                wheel.insert(deed, at: deed.pointee.retyme)
            } else {
                heap.insert(deed, key: deed.pointee.retyme.orderedBits)
            }
        }
        old.free()
        self.wheel = wheel
    }
}
