import Doing

/// Waits by deadline, equal ones in order of registration: a binary heap whose members know their index.
struct WaitHeap {
    private var waits = UnsafeMutablePointer<Wait>.allocate(capacity: 1)
    private var count = 0
    private var capacity = 1

    /// Gives the memory back; the heap is not used after that.
    func free() { waits.deallocate() }

    /// The earliest deadline, infinite if there is none.
    var firstDeadline: Tyme { count == 0 ? .infinity : waits[0].pointee.deadline }

    mutating func insert(_ wait: Wait) {
        if count == capacity { grow() }
        count += 1
        siftUp(wait, from: count - 1)
    }

    /// Takes out the first wait if its deadline has come.
    mutating func popDue(at tyme: Tyme) -> Wait? {
        guard count > 0, waits[0].pointee.deadline <= tyme else { return nil }
        let wait = waits[0]
        remove(wait)
        return wait
    }

    mutating func remove(_ wait: Wait) {
        let slot = wait.pointee.heapSlot
        wait.pointee.heapSlot = -1
        count -= 1
        let last = waits[count]
        guard last != wait else { return }
        siftUp(last, from: slot)
        siftDown(last, from: last.pointee.heapSlot)
    }

    private func precedes(_ left: Wait, _ right: Wait) -> Bool {
        if left.pointee.deadline != right.pointee.deadline { return left.pointee.deadline < right.pointee.deadline }
        return left.pointee.order < right.pointee.order
    }

    private mutating func grow() {
        let wider = UnsafeMutablePointer<Wait>.allocate(capacity: 2 * capacity)
        wider.moveInitialize(from: waits, count: count)
        waits.deallocate()
        (waits, capacity) = (wider, 2 * capacity)
    }

    private mutating func put(_ wait: Wait, at slot: Int) {
        (waits + slot).initialize(to: wait)
        wait.pointee.heapSlot = slot
    }

    private mutating func siftUp(_ wait: Wait, from start: Int) {
        var slot = start
        while slot > 0 {
            let parent = (slot - 1) / 2
            guard precedes(wait, waits[parent]) else { break }
            put(waits[parent], at: slot)
            slot = parent
        }
        put(wait, at: slot)
    }

    private mutating func siftDown(_ wait: Wait, from start: Int) {
        var slot = start
        while true {
            var child = 2 * slot + 1
            guard child < count else { break }
            if child + 1 < count, precedes(waits[child + 1], waits[child]) { child += 1 }
            guard precedes(waits[child], wait) else { break }
            put(waits[child], at: slot)
            slot = child
        }
        put(wait, at: slot)
    }
}
