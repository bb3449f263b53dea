import Doing

/// An event of one of two cores that share a transport.
public enum ForkedEvent<First, Second> {
    /// Of the first core.
    case first(First)
    /// Of the second core.
    case second(Second)
}

extension ForkedEvent: Sendable where First: Sendable, Second: Sendable {}
extension ForkedEvent: Equatable where First: Equatable, Second: Equatable {}

/// Two protocols on one transport: a route says which of them a datagram is for.
///
/// ```swift
/// // Whatever begins with a zero byte is for the second.
/// let core = Forked(memoer, engine) { datagram, _ in datagram.byte(at: 0) == 0 ? .second : .first }
/// ```
/// A train is cut where the route changes. Both cores send in turn. Fork one of the two again for a third.
public struct Forked<First: DatagramCore, Second: DatagramCore>: DatagramCore {
    public typealias Event = ForkedEvent<First.Event, Second.Event>

    /// Which core.
    public enum Branch: Hashable, Sendable { case first, second }

    /// The first core.
    public var first: First
    /// The second core.
    public var second: Second
    private let route: (RawSpan, Address) -> Branch
    /// Who is polled next, and who yielded the train that was polled last.
    private var turn = Branch.first
    private var polled = Branch.first

    /// - Parameters:
    ///   - first: a core.
    ///   - second: another one.
    ///   - route: which of them a datagram is for; called with its bytes, valid for the call, and its source.
    public init(_ first: First, _ second: Second, route: @escaping (RawSpan, Address) -> Branch) {
        self.first = first
        self.second = second
        self.route = route
    }

    public mutating func opened(_ limits: TrainLimits, at tyme: Tyme) {
        first.opened(limits, at: tyme)
        second.opened(limits, at: tyme)
    }

    public mutating func tick(at tyme: Tyme) {
        first.tick(at: tyme)
        second.tick(at: tyme)
    }

    public mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        let count = train.count(of: bytes.byteCount)
        var start = 0
        var branch = route(bytes.extracting(0..<(count == 1 ? bytes.byteCount : train.segment)), train.peer)
        for number in 1..<count + 1 {
            var next = branch
            if number < count {
                let from = number * train.segment
                next = route(bytes.extracting(from..<min(from + train.segment, bytes.byteCount)), train.peer)
                guard next != branch else { continue }
            }
            let end = number == count ? bytes.byteCount : number * train.segment
            let part = bytes.extracting(start..<end)
            switch branch {
            case .first: first.handle(part, train, at: tyme)
            case .second: second.handle(part, train, at: tyme)
            }
            (start, branch) = (end, next)
        }
    }

    public mutating func expire(at tyme: Tyme) {
        first.expire(at: tyme)
        second.expire(at: tyme)
    }

    public mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        for _ in 0..<2 {
            polled = turn
            turn = polled == .first ? .second : .first
            let train =
                polled == .first
                ? first.poll(into: &out, limits, at: tyme) : second.poll(into: &out, limits, at: tyme)
            if let train { return train }
        }
        return nil
    }

    public mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        switch polled {
        case .first: first.sent(sending, train, at: tyme)
        case .second: second.sent(sending, train, at: tyme)
        }
    }

    public mutating func unblock() {
        first.unblock()
        second.unblock()
    }

    public mutating func closing(at tyme: Tyme) {
        first.closing(at: tyme)
        second.closing(at: tyme)
    }

    public mutating func pollEvent() -> Event? {
        if let event = first.pollEvent() { return .first(event) }
        return second.pollEvent().map { .second($0) }
    }

    public var hasEvents: Bool { first.hasEvents || second.hasEvents }
    public var isBlocked: Bool { first.isBlocked || second.isBlocked }
    public var wakeTyme: Tyme? {
        guard let a = first.wakeTyme else { return second.wakeTyme }
        return second.wakeTyme.map { min(a, $0) } ?? a
    }
}
