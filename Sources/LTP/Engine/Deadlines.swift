import Doing

/// Stand-in until Wiring's is there.
struct Deadlines<Key: Hashable> {
    private var heap: [(at: Tyme, order: UInt64, key: Key)] = []
    private var current: [Key: UInt64] = [:]
    private var orders: UInt64 = 0
    var first: Tyme? { heap.first?.at }
    mutating func set(_ key: Key, at: Tyme) {
        orders += 1
        current[key] = orders
        heap.append((at, orders, key))
        var i = heap.count - 1
        while i > 0, less(i, (i - 1) / 2) {
            heap.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
        prune()
    }
    mutating func cancel(_ key: Key) {
        current[key] = nil
        prune()
    }
    mutating func popDue(at tyme: Tyme) -> Key? {
        prune()
        guard let top = heap.first, top.at <= tyme else { return nil }
        current[top.key] = nil
        pop()
        prune()
        return top.key
    }
    private mutating func prune() { while let top = heap.first, current[top.key] != top.order { pop() } }
    private func less(_ a: Int, _ b: Int) -> Bool { (heap[a].at, heap[a].order) < (heap[b].at, heap[b].order) }
    private mutating func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var i = 0
        while true {
            var m = i
            for c in [2 * i + 1, 2 * i + 2] where c < heap.count && less(c, m) { m = c }
            if m == i { return }
            heap.swapAt(i, m)
            i = m
        }
    }
}
