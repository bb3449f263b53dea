import Doing
import Wiring

/// The sender of ``SimIdeal``.
struct SimIdealSender: DatagramCore {
    private struct Gram {
        var sentAt = Int64.min
        var isHeld = false
    }

    private let options: SimOptions
    private let layout: SimIdealLayout
    private let target: Address
    /// Microseconds after which an ack is overdue: the round trip with all its jitter, a tick until the other side has
    /// looked and one until this side has, and 5 ms of queue on a link with a rate.
    private let patience: Int64
    private var grams: [Gram] = []
    /// All below are held there, and the first that was never sent.
    private var low = 0
    private var fresh = 0
    /// Where the search for overdue grams goes on in this tick.
    private var next = 0
    private var now: Int64 = -1
    /// What may be sent yet, in bytes times 1,000,000; 4 ms can be saved up.
    private var credit: Double = 0

    init(_ options: SimOptions, _ layout: SimIdealLayout, to target: Address) {
        self.options = options
        self.layout = layout
        self.target = target
        let trip = 2 * (options.link.delay + options.link.jitter)
        patience = Int64((trip * 1e6).rounded()) + Int64(2 * options.tick) + (options.link.rate > 0 ? 5000 : 0)
        now = -Int64(options.tick)
    }

    /// When a message is handed over: at the first tick that is not before its time.
    static func handedOver(_ message: Int, _ options: SimOptions) -> Tyme {
        let ticks = (message * options.gap + options.tick - 1) / options.tick
        return Double(ticks * options.tick) * 1e-6
    }

    /// A new tick: what is due is handed over, and the bucket fills.
    private mutating func begin(_ tyme: Tyme) {
        let micros = Int64((tyme * 1e6).rounded())
        guard micros > now else { return }
        let rate = options.link.rate / 8
        credit = min(credit + rate * Double(micros - now), rate * 4000)
        now = micros
        next = low
        let messages = options.gap == 0 ? options.count : min(options.count, Int(micros) / options.gap + 1)
        let missing = messages * layout.perMessage - grams.count
        if missing > 0 { grams += Array(repeating: Gram(), count: missing) }
    }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        begin(tyme)
        train.forEachDatagram(of: bytes) { take($0) }
    }

    /// An ack: the lowest gram that is missing, and a bit for each from it on.
    private mutating func take(_ ack: RawSpan) {
        let ack = ack.withUnsafeBytes { Array($0[SimIdealLayout.head...]) }
        let missing = SimIdealReceiver.number(ack)
        for gram in low..<max(low, missing) { grams[gram].isHeld = true }
        for (index, byte) in ack[4...].enumerated() where byte != 0 {
            for bit in 0..<8 where byte >> bit & 1 == 1 { grams[missing + 8 * index + bit].isHeld = true }
        }
        while low < grams.count, grams[low].isHeld { low += 1 }
        next = max(next, low)
    }

    /// The gram that leaves now: the lowest whose ack is overdue, else the lowest that was never sent.
    private mutating func choose() -> Int? {
        guard options.link.rate == 0 || credit > 0 else { return nil }
        while next < fresh, grams[next].isHeld || now - grams[next].sentAt < patience { next += 1 }
        if next < fresh { return next }
        return fresh < grams.count ? fresh : nil
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        begin(tyme)
        guard let gram = choose() else { return nil }
        let length = layout.length(of: gram)
        SimIdealReceiver.append(gram, to: &out)
        for _ in 4..<length { out.append(0, as: UInt8.self) }
        return Train(peer: target, segment: length)
    }

    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        guard sending.taken > 0 else { return }
        let gram = next < fresh ? next : fresh
        grams[gram].sentAt = now
        credit -= Double(train.segment + 28) * 1e6
        if gram == fresh { fresh += 1 }
    }

    mutating func unblock() {}
    mutating func pollEvent() -> Never? { nil }
    var hasEvents: Bool { false }
    var isBlocked: Bool { false }

    /// It looks at every tick until all is held.
    var wakeTyme: Tyme? { low == layout.total ? nil : Double(now) * 1e-6 + Double(options.tick) * 0.5e-6 }
}
