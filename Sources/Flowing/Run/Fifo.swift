/// A queue in an array whose front is taken off in strides, so that nothing is allocated and little is moved.
struct Fifo<Element> {
    private(set) var elements: [Element] = []
    private(set) var first = 0

    var count: Int { elements.count - first }
    var isEmpty: Bool { first == elements.count }
    var last: Element? { isEmpty ? nil : elements[elements.count - 1] }

    /// Counted from the front.
    subscript(index: Int) -> Element {
        get { elements[first + index] }
        _modify { yield &elements[first + index] }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    @discardableResult mutating func popFirst() -> Element? {
        guard first < elements.count else { return nil }
        let element = elements[first]
        removeFirst(1)
        return element
    }

    /// - Precondition: there are as many.
    mutating func removeFirst(_ count: Int) {
        first += count
        precondition(first <= elements.count, "took \(count) too many")
        if first == elements.count {
            elements.removeAll(keepingCapacity: elements.capacity <= 4096)
            first = 0
        } else if first > 64, first * 2 > elements.count {
            elements.removeFirst(first)
            first = 0
        }
    }

    mutating func removeAll() {
        elements = []
        first = 0
    }
}
