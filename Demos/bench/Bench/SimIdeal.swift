import Doing
import Simming
import Wiring

/// The bound that sure memos are measured by: what delivery by repetition can do at best over the link of `bench sim`.
///
/// It is no protocol, since it is told what a protocol has to find out: the round trip, the jitter and the rate. Its
/// sender cuts each message into grams with heads of 32 bytes, has no window, is paced at the rate of the link, and
/// repeats a gram in the very tick in which its ack is overdue. Its receiver says what it holds in every tick in which
/// something arrived, and in the next one once more. Nobody can be faster without sending what may not be needed, but
/// by luck: ours and this have different luck with the same seed as soon as they send differently.
struct SimIdeal {
    private let options: SimOptions

    init(_ options: SimOptions) { self.options = options }

    func run() throws -> SimFigures {
        let net = SimNet(seed: UInt64(options.seed), link: options.link, memoryLimit: 4 << 30)
        let (red, blu) = (net.host("red"), net.host("blu"))
        net.reseed(red, blu, seed: UInt64(options.seed))
        let burst = Burst()
        let layout = SimIdealLayout(options)
        let (near, far) = (red.peer(port: 1, buffer: 1 << 30), blu.peer(port: 1, buffer: 1 << 30))
        let a = SimIdealEnd(SimIdealSender(options, layout, to: far.address), over: near, burst)
        let b = SimIdealEnd(SimIdealReceiver(options, layout), over: far, burst)
        let doist = try Doist(
            tock: Double(options.tick) * 1e-6, limit: Double(options.limit) * 1e-3, doers: [net, a, b])
        var latencies: [Tyme] = []
        var figures = SimFigures()
        b.onEvent = { [unowned doist, options] message, tyme in
            latencies.append(tyme - SimIdealSender.handedOver(message, options))
            guard latencies.count == options.count else { return }
            figures.doneAt = tyme
            doist.requestStop()
        }
        try doist.run()
        latencies.sort()
        if !latencies.isEmpty { figures.slow = latencies[min(latencies.count - 1, latencies.count * 99 / 100)] }
        figures.datagrams = net.statistics.sent
        figures.bytes = net.statistics(from: red, to: blu).sentBytes + net.statistics(from: blu, to: red).sentBytes
        return figures
    }
}

/// How the messages of a run are cut into grams.
struct SimIdealLayout {
    /// Bytes of a gram in front of its part of the message.
    static let head = 32
    /// Grams of a message, and of all.
    let perMessage: Int
    let total: Int
    private let size: Int
    private let part: Int

    init(_ options: SimOptions) {
        size = options.size
        part = options.gram - SimIdealLayout.head
        perMessage = (size + part - 1) / part
        total = perMessage * options.count
    }

    /// Bytes of a gram, its head included.
    func length(of gram: Int) -> Int {
        let start = gram % perMessage * part
        return SimIdealLayout.head + min(part, size - start)
    }
}
