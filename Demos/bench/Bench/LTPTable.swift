import DemoKit
import Doing
import LTP
import Wiring

/// `bench ltp --table 1`: how long sessions take until both ends have closed them, over bit errors, in simulated time.
///
/// A block of ten segments of 2000 bytes, 600 s of light; a segment is lost if any of its bits is wrong. Without loss a
/// session takes three light times: data, report, acknowledgement. Published for such links, with control segments
/// repeated ahead of time: 99.67 % of sessions within five light times, at 2000-byte segments and a bit error rate of
/// 1e-6 (Koo and Burleigh).
func benchLTPTable(sessions: Int) {
    print("bit errors  copies  sessions  within 3  within 5  within 7    mean  worst   bytes sent per byte")
    for rate in [1e-7, 1e-6, 1e-5] {
        for copies in [1, 2, 3] {
            var times: [Double] = []
            var sent = 0
            for seed in 1...sessions {
                let one = LTPClosing(bitErrors: rate, copies: copies, seed: UInt64(seed))
                times.append(one.lightTimes)
                sent += one.bytesSent
            }
            func within(_ most: Double) -> String {
                let part = Double(times.count { $0 <= most + 0.05 }) / Double(sessions)
                return pad(JSONLine.fixed(part * 100, 2) + " %", 10)
            }
            let name = rate == 1e-7 ? "1e-7" : rate == 1e-6 ? "1e-6" : "1e-5"
            let mean = times.reduce(0, +) / Double(sessions)
            let each = Double(sent) / Double(sessions * LTPClosing.blockBytes)
            print(
                pad(name, 10) + pad("\(copies)", 8) + pad("\(sessions)", 10) + within(3) + within(5) + within(7)
                    + pad(JSONLine.fixed(mean, 3), 8) + pad(JSONLine.fixed(times.max() ?? 0, 2), 7)
                    + pad(JSONLine.fixed(each, 3), 22))
        }
    }
    print("published                                  99.67 %    (1e-6, control segments repeated ahead of time)")
}

private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

/// One session over a long link with bit errors, run to its end.
private struct LTPClosing {
    static let lightTime = 600.0
    static let segmentBytes = 2000
    static let blockBytes = 19_800
    /// Light times until nothing of the session was left at either end.
    private(set) var lightTimes = 0.0
    private(set) var bytesSent = 0

    private var engines: [LTPEngine] = []
    private var flights: [(due: Tyme, to: Int, bytes: [UInt8])] = []
    private let burst = Burst()
    private var random: Xoshiro256
    private let bitErrors: Double

    init(bitErrors: Double, copies: Int, seed: UInt64) {
        self.bitErrors = bitErrors
        random = Xoshiro256(seed: seed)
        for number in 1...2 as ClosedRange<UInt64> {
            var engine = LTPEngine(engine: number, random: random.fork())
            var peer = LTPPeer(engine: 3 - number, address: .host(3 - number, port: 1113))
            (peer.mtu, peer.rate, peer.copies) = (LTPClosing.segmentBytes, nil, copies)
            (peer.lightTime, peer.margin) = (LTPClosing.lightTime, 1)
            try? engine.add(peer)
            try? engine.open(client: 1)
            engines.append(engine)
        }
        _ = try? engines[0].send([UInt8](repeating: 7, count: LTPClosing.blockBytes), to: 2, client: 1)
        var tyme = 0.0
        for _ in 0..<100_000 {
            pass(at: tyme)
            guard engines.contains(where: { $0.openCount > 0 }) else { break }
            tyme = max(tyme, (flights.map(\.due) + engines.compactMap(\.wakeTyme)).min() ?? .infinity)
        }
        lightTimes = tyme / LTPClosing.lightTime
    }

    private mutating func pass(at tyme: Tyme) {
        let due = flights.filter { $0.due <= tyme }
        flights.removeAll { $0.due <= tyme }
        for one in due {
            let train = Train(peer: .host(UInt64(2 - one.to), port: 1113), segment: one.bytes.count)
            engines[one.to].handle(one.bytes.span.bytes, train, at: tyme)
        }
        for place in 0..<2 {
            engines[place].expire(at: tyme)
            while engines[place].pollEvent() != nil {}
            while send(place, at: tyme) {}
            while engines[place].pollEvent() != nil {}
        }
    }

    private mutating func send(_ place: Int, at tyme: Tyme) -> Bool {
        let limits = TrainLimits(segments: 64, bytes: 65_472, datagram: 65_507)
        var datagrams: [[UInt8]] = []
        let isSent = burst.lend { (out: inout OutputRawSpan) -> Bool in
            guard let train = engines[place].poll(into: &out, limits, at: tyme) else { return false }
            train.forEachDatagram(of: out.bytes) { datagrams.append($0.withUnsafeBytes { Array($0) }) }
            engines[place].sent(Sending(taken: out.byteCount), train, at: tyme)
            return true
        }
        for bytes in datagrams {
            bytesSent += bytes.count
            // The chance that no bit is wrong: 1 - p to the power of the bits, by squares.
            var (whole, factor, bits) = (1.0, 1 - bitErrors, 8 * bytes.count)
            while bits > 0 {
                if bits & 1 == 1 { whole *= factor }
                factor *= factor
                bits >>= 1
            }
            if random.unit() < whole { flights.append((tyme + LTPClosing.lightTime, 1 - place, bytes)) }
        }
        return isSent
    }
}
