import Doing
import Wiring

/// The receiver of ``SimIdeal``: its events are the numbers of messages that have become whole.
struct SimIdealReceiver: DatagramCore {
    private let options: SimOptions
    private let layout: SimIdealLayout
    private var isHeld: [Bool]
    /// Grams that each message lacks.
    private var lacking: [Int]
    private var whole: [Int] = []
    /// All below are held, and one more than the greatest that is.
    private var low = 0
    private var top = 0
    /// Something arrived in this tick; and in the one before.
    private var arrived = false
    private var repeats = false
    private var isTold = false
    private var source = Address.none
    private var tyme: Tyme = -1

    init(_ options: SimOptions, _ layout: SimIdealLayout) {
        self.options = options
        self.layout = layout
        isHeld = Array(repeating: false, count: layout.total)
        lacking = Array(repeating: layout.perMessage, count: options.count)
    }

    /// Reads a number of four bytes, the lowest first.
    static func number(_ bytes: [UInt8]) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) } }

    static func append(_ number: Int, to out: inout OutputRawSpan) {
        for index in 0..<4 { out.append(UInt8(truncatingIfNeeded: number >> (8 * index)), as: UInt8.self) }
    }

    private mutating func begin(_ tyme: Tyme) {
        guard tyme > self.tyme else { return }
        self.tyme = tyme
        repeats = arrived
        arrived = false
        isTold = false
    }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        begin(tyme)
        source = train.peer
        train.forEachDatagram(of: bytes) { datagram in
            take(SimIdealReceiver.number(datagram.withUnsafeBytes { Array($0[..<4]) }))
        }
    }

    private mutating func take(_ gram: Int) {
        arrived = true
        guard !isHeld[gram] else { return }
        isHeld[gram] = true
        top = max(top, gram + 1)
        while low < top, isHeld[low] { low += 1 }
        let message = gram / layout.perMessage
        lacking[message] -= 1
        if lacking[message] == 0 { whole.append(message) }
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        begin(tyme)
        guard arrived || repeats, !isTold else { return nil }
        for _ in 0..<SimIdealLayout.head { out.append(0, as: UInt8.self) }
        SimIdealReceiver.append(low, to: &out)
        let bits = min(top - low, (options.gram - SimIdealLayout.head - 4) * 8)
        for first in stride(from: 0, to: bits, by: 8) {
            var byte: UInt8 = 0
            for bit in 0..<min(8, bits - first) where isHeld[low + first + bit] { byte |= 1 << UInt8(bit) }
            out.append(byte, as: UInt8.self)
        }
        return Train(peer: source, segment: SimIdealLayout.head + 4 + (bits + 7) / 8)
    }

    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { isTold = true }

    mutating func unblock() {}
    mutating func pollEvent() -> Int? { whole.isEmpty ? nil : whole.removeFirst() }
    var hasEvents: Bool { !whole.isEmpty }
    var isBlocked: Bool { false }

    /// The tick behind one in which something arrived has an ack too.
    var wakeTyme: Tyme? { arrived ? tyme + Double(options.tick) * 0.5e-6 : nil }
}
