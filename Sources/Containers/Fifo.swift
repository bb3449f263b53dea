/// A queue: what went in first comes out first, in amortised constant time.
///
/// What was taken out is let go of at once. Room for many is given back when the queue is empty; see ``mostKept``.
public struct Fifo<Element> {
    @usableFromInline var places: [Element?] = []
    @usableFromInline var head = 0

    /// Room for so many elements is kept in an empty queue.
    @inlinable public static var mostKept: Int { 1 << 12 }

    /// An empty queue.
    @inlinable public init() {}

    /// How many elements wait.
    @inlinable public var count: Int { places.count &- head }
    /// Whether none does.
    @inlinable public var isEmpty: Bool { head == places.count }
    /// The one that went in first; nil if there is none.
    @inlinable public var first: Element? { isEmpty ? nil : places[head] }
    /// The one that went in last. Set to another one, it is replaced; in an empty queue nothing is.
    @inlinable public var last: Element? {
        get { isEmpty ? nil : places[places.count &- 1] }
        set { if !isEmpty, let newValue { places[places.count &- 1] = newValue } }
    }

    /// The element at a place, counted from the front.
    ///
    /// - Precondition: there is one.
    @inlinable public subscript(place: Int) -> Element {
        @inline(__always) get { places[head &+ place]! }
        @inline(__always) _modify { yield &places[head &+ place]! }
    }

    /// Puts one in, behind all others.
    @inlinable @inline(__always) public mutating func append(_ element: consuming Element) { places.append(element) }

    /// Takes the first one out; nil if there is none.
    @inlinable @discardableResult public mutating func popFirst() -> Element? {
        guard head < places.count else { return nil }
        let element = places[head].take()
        head &+= 1
        tidy()
        return element
    }

    /// Lets go of the first `count`.
    ///
    /// - Precondition: there are as many.
    @inlinable public mutating func removeFirst(_ count: Int = 1) {
        precondition(count >= 0 && count <= self.count, "took \(count) of \(self.count)")
        for place in head..<head &+ count { places[place] = nil }
        head &+= count
        tidy()
    }

    /// Empties the queue.
    @inlinable public mutating func removeAll() {
        places.removeAll(keepingCapacity: places.capacity <= Self.mostKept)
        head = 0
    }

    /// Keeps those that `isKept` wants, in their order. Linear.
    @inlinable public mutating func keep(where isKept: (Element) -> Bool) {
        places = places[head...].filter { isKept($0!) }
        head = 0
    }

    /// Changes each, from the front. Linear.
    @inlinable public mutating func forEach(_ body: (inout Element) -> Void) {
        for place in head..<places.count { body(&places[place]!) }
    }

    /// Gives room back once the queue is empty, else once half of it is past.
    @inlinable @inline(__always) mutating func tidy() {
        if head == places.count {
            removeAll()
        } else if head >= 64, head &* 2 >= places.count {
            places.removeFirst(head)
            head = 0
        }
    }
}

extension Fifo: Sendable where Element: Sendable {}
