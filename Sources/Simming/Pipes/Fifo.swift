/// First in, first out: a list whose front is let go of in steps.
struct Fifo<Element> {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }
    var last: Element? {
        get { isEmpty ? nil : elements[elements.count - 1] }
        set { if let newValue, !isEmpty { elements[elements.count - 1] = newValue } }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Takes the first one; there must be one.
    mutating func popFirst() -> Element {
        let first = elements[head]
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64, head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return first
    }

    mutating func forEach(_ body: (inout Element) -> Void) {
        for index in head..<elements.count { body(&elements[index]) }
    }
}
