/// A queue: what went in first comes out first, in constant time, amortised.
struct Fifo<Element> {
    private var items: [Element?] = []
    private var head = 0

    var count: Int { items.count - head }
    var isEmpty: Bool { head == items.count }
    var first: Element? { isEmpty ? nil : items[head] }

    subscript(place: Int) -> Element { items[head + place]! }

    mutating func append(_ element: Element) { items.append(element) }

    @discardableResult mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = items[head].take()
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: items.count <= 1024)
            head = 0
        } else if head >= 64, head * 2 >= items.count {
            items.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Keeps those that `body` wants, in their order. Linear.
    mutating func keep(where body: (Element) -> Bool) {
        items = items[head...].filter { body($0!) }
        head = 0
    }
}
