import Doing
import Rehearsing
import Simming
import Wiring

/// Sends numbered words one after the other and repeats each until it is acknowledged: a protocol with a mistake in it.
///
/// The mistake is the classic one: whoever has heard a word before does not notice, and hears it again. It only shows
/// when an acknowledgement is lost or late, so a kind network never finds it.
struct StopAndWait: DatagramCore {
    enum Event: Hashable { case heard(UInt8), acknowledged(UInt8) }
    private enum Timer { case retry }

    private let peer: Address
    private let timeout: Double
    private var waiting: [UInt8]
    private var queue = DatagramQueue()
    private var deadlines = Deadlines<Timer>()
    private var events: [Event] = []

    /// - Parameters:
    ///   - words: what to send, in order.
    ///   - peer: to whom.
    ///   - timeout: seconds until a word is repeated.
    init(sending words: [UInt8] = [], to peer: Address, timeout: Double = 0.5) {
        waiting = words
        self.peer = peer
        self.timeout = timeout
        if !words.isEmpty { deadlines.set(.retry, at: 0) }
    }

    /// Both bytes of a datagram: 0 for a word or 1 for its acknowledgement, and which.
    static func read(_ datagram: RawSpan) -> (kind: UInt8, word: UInt8)? {
        guard datagram.byteCount == 2, let kind = datagram.byte(at: 0) else { return nil }
        return datagram.byte(at: 1).map { (kind, $0) }
    }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            guard let (kind, word) = Self.read(datagram) else { return }
            if kind == 0 {
                events.append(.heard(word))  // the mistake: heard before?
                queue.append([1, word], to: train.peer)
            } else if waiting.first == word {
                events.append(.acknowledged(waiting.removeFirst()))
                if waiting.isEmpty { deadlines.cancel(.retry) } else { deadlines.set(.retry, at: tyme) }
            }
        }
    }

    mutating func expire(at tyme: Tyme) {
        guard deadlines.popDue(at: tyme) != nil, let word = waiting.first else { return }
        queue.append([0, word], to: peer)
        deadlines.set(.retry, at: tyme + timeout)
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        queue.poll(into: &out, limits)
    }

    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { queue.sent(sending, train) }
    mutating func unblock() { queue.unblock() }
    mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }
    var hasEvents: Bool { !events.isEmpty }
    var wakeTyme: Tyme? { queue.isReady ? -.infinity : deadlines.first }
    var isBlocked: Bool { queue.isBlocked }
    /// Whether every word was acknowledged.
    var isFinished: Bool { waiting.isEmpty }
}

/// A scenario that fails, to see what a failure looks like.
enum FragileScenario {
    static let scenario = Scenario(
        "fragile", "a protocol with a mistake in it: see it found, replayed and shrunk (not part of all)",
        hosts: ["red", "blu"], span: 10, faults: .all.subtracting([.crashing, .altering])
    ) { world in
        let words = UInt8(try world.options.number("words", in: 1...9))
        let (red, blu) = (world.net.host("red").address(port: 1), world.net.host("blu").address(port: 1))
        let link = SimLink(delay: 0.05)
        world.net.connect(world.net.host("red"), world.net.host("blu"), link)
        world.net.kinds = [
            DatagramKind("word") { StopAndWait.read($0)?.kind == 0 },
            DatagramKind("ack") { StopAndWait.read($0)?.kind == 1 },
        ]
        world.describe = { StopAndWait.read($0).map { "\($0.kind == 0 ? "word" : "ack") \($0.word)" } }
        let sender = try world.peer("red", StopAndWait(sending: Array(1...words), to: blu))
        let hearer = try world.peer("blu", StopAndWait(to: red))
        var heard: [UInt8] = []
        hearer.onEvent = { _, event, _ in if case .heard(let word) = event { heard.append(word) } }
        world.invariant("each word is heard once, in order") {
            heard == Array((1...words).prefix(heard.count)) ? nil : "heard \(heard)"
        }
        guard try world.run(until: 60, { sender.core.isFinished }) else {
            throw RehearsalError.missing(what: "all words acknowledged", tyme: world.tyme)
        }
    }
}
