/// The rows of a table by their deadlines: a binary heap in which every row has one place at most.
///
/// Rows with one deadline come by ascending row, so that their order is the same in every process.
struct DeadlineHeap {
    private var heap: [(at: Micros, row: Int32)] = []
    private var places: [Int32] = []

    var first: (at: Micros, row: Int32)? { heap.first }
    var count: Int { heap.count }

    /// Sets the deadline of a row; `Micros.max` takes it out.
    mutating func set(_ row: Int32, _ at: Micros) {
        while places.count <= Int(row) { places.append(-1) }
        let place = Int(places[Int(row)])
        if at == .max {
            if place >= 0 { remove(place) }
        } else if place < 0 {
            heap.append((at, row))
            places[Int(row)] = Int32(heap.count - 1)
            rise(heap.count - 1)
        } else if heap[place].at != at {
            heap[place].at = at
            rise(place)
            sink(Int(places[Int(row)]))
        }
    }

    private mutating func remove(_ place: Int) {
        places[Int(heap[place].row)] = -1
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        places[Int(last.row)] = Int32(place)
        rise(place)
        sink(Int(places[Int(last.row)]))
    }

    private func isLess(_ a: Int, _ b: Int) -> Bool { (heap[a].at, heap[a].row) < (heap[b].at, heap[b].row) }

    private mutating func exchange(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        places[Int(heap[a].row)] = Int32(a)
        places[Int(heap[b].row)] = Int32(b)
    }

    private mutating func rise(_ place: Int) {
        var place = place
        while place > 0, isLess(place, (place - 1) / 2) {
            exchange(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func sink(_ place: Int) {
        var place = place
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && isLess(child, least) {
                least = child
            }
            if least == place { return }
            exchange(place, least)
            place = least
        }
    }
}
