import Doing
import Wiring

@testable import Sockets

/// A protocol of plain bytes: keeps what comes, sends what it is told, and can send back all that comes.
struct StreamTestCore: StreamCore {
    typealias Event = Int

    var received: [UInt8] = []
    var output: [UInt8] = []
    var echoes = false
    var isConnected = false
    var hasEnded = false
    var loss: StreamLoss?
    var closing = StreamClosing.open
    /// What to do when the other end has sent its last.
    var closingAtEnd = StreamClosing.close
    /// Takes no more than this before it is taken out.
    var room = Int.max
    var handles = 0
    /// Bytes that have come and were not told yet.
    private var untold = 0

    init(sending output: [UInt8] = [], echoes: Bool = false) {
        self.output = output
        self.echoes = echoes
    }

    mutating func connected(at tyme: Tyme) { isConnected = true }
    mutating func handle(_ bytes: RawSpan, at tyme: Tyme) {
        handles += 1
        untold += bytes.byteCount
        let copy = Array(copying: bytes)
        if echoes { output += copy } else { received += copy }
    }
    mutating func ended(at tyme: Tyme) {
        hasEnded = true
        if closing == .open { closing = closingAtEnd }
    }
    mutating func lost(_ loss: StreamLoss, at tyme: Tyme) { self.loss = loss }
    var wantsInput: Bool { received.count < room && output.count < 1 << 20 }
    func lendOutput<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try body(output.span.bytes) }
    mutating func sent(_ count: Int, at tyme: Tyme) { output.removeFirst(count) }
    mutating func pollEvent() -> Int? {
        guard untold > 0 else { return nil }
        defer { untold = 0 }
        return untold
    }
    var hasEvents: Bool { untold > 0 }
    var wakeTyme: Tyme? { nil }
}

typealias TCPTestDoer = StreamDoer<StreamTestCore, TCPStream>
