import Doing

/// Waits by deadline, equal ones in order of registration: a binary heap whose members know their index.
@unsafe struct WaitHeap {
    private var waits = UnsafeMutablePointer<Wait>.allocate(capacity: 1)
    private var count = 0
    private var capacity = 1

    /// Gives the memory back; the heap is not used after that.
    func free() { unsafe waits.deallocate() }

    /// The earliest deadline, infinite if there is none.
    var firstDeadline: Tyme { unsafe count == 0 ? .infinity : waits[0].pointee.deadline }

    mutating func insert(_ wait: Wait) {
        if unsafe count == capacity { unsafe grow() }
        unsafe count += 1
        unsafe siftUp(wait, from: count - 1)
    }

    /// Takes out the first wait if its deadline has come.
    mutating func popDue(at tyme: Tyme) -> Wait? {
        guard unsafe count > 0, unsafe waits[0].pointee.deadline <= tyme else { return nil }
        let wait = unsafe waits[0]
        unsafe remove(wait)
        return unsafe wait
    }

    mutating func remove(_ wait: Wait) {
        let slot = unsafe wait.pointee.heapSlot
        unsafe wait.pointee.heapSlot = -1
        unsafe count -= 1
        let last = unsafe waits[count]
        guard unsafe last != wait else { return }
        unsafe siftUp(last, from: slot)
        unsafe siftDown(last, from: last.pointee.heapSlot)
    }

    private func precedes(_ left: Wait, _ right: Wait) -> Bool {
        if unsafe left.pointee.deadline != right.pointee.deadline {
            return unsafe left.pointee.deadline < right.pointee.deadline
        }
        return unsafe left.pointee.order < right.pointee.order
    }

    private mutating func grow() {
        let wider = unsafe UnsafeMutablePointer<Wait>.allocate(capacity: 2 * capacity)
        unsafe wider.moveInitialize(from: waits, count: count)
        unsafe waits.deallocate()
        unsafe (waits, capacity) = unsafe (wider, 2 * capacity)
    }

    private mutating func put(_ wait: Wait, at slot: Int) {
        unsafe (waits + slot).initialize(to: wait)
        unsafe wait.pointee.heapSlot = slot
    }

    private mutating func siftUp(_ wait: Wait, from start: Int) {
        var slot = start
        while slot > 0 {
            let parent = (slot - 1) / 2
            guard unsafe precedes(wait, waits[parent]) else { break }
            unsafe put(waits[parent], at: slot)
            slot = parent
        }
        unsafe put(wait, at: slot)
    }

    private mutating func siftDown(_ wait: Wait, from start: Int) {
        var slot = start
        while true {
            var child = 2 * slot + 1
            guard unsafe child < count else { break }
            if unsafe child + 1 < count, unsafe precedes(waits[child + 1], waits[child]) { child += 1 }
            guard unsafe precedes(waits[child], wait) else { break }
            unsafe put(waits[child], at: slot)
            slot = child
        }
        unsafe put(wait, at: slot)
    }
}
