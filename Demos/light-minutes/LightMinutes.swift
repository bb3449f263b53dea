import Charting
import DemoKit
import Doing
import Foundation
import LTP
import Simming
import Wiring

/// `light-minutes`: a picture over ten light minutes of loss, in simulated time.
public enum LightMinutes {
    /// What `light-minutes --help` prints.
    public static let usage = """
        Usage: light-minutes [--minutes M] [--loss P] [--size BYTES] [--mtu N] [--copies N] [--seed N] [--json]
                             [--keep FILE] [--chart FILE] [--pcap FILE] [--trace FILE]

          --minutes M       that light takes, one way; 10 by default
          --loss P          the part of all datagrams that is lost; 0.1 by default
          --size BYTES      of the picture, about; 40,000 by default
          --mtu N           bytes of a datagram at most; 1400 by default
          --copies N        send checkpoints and control segments N times ahead of any timer
          --seed N          what chance is drawn from; the same seed, the same bytes
          --keep FILE       where the picture that arrived goes (PGM)
          --json            one JSON object a line
        \(OutputFlags.usage)
          --help            this

        Draws a picture on one engine, sends it red to another, and tells each segment as it goes. Simulated hours take
        less than a second. Ends with status 0 when the picture arrived unchanged, 1 when not, 2 for bad words.
        """

    /// Does what the words say.
    ///
    /// - Returns: true if the picture arrived unchanged.
    package static func run(_ words: inout Arguments) throws -> Bool { try run(&words, to: nil) }

    static func run(_ words: inout Arguments, to sink: ((String) -> Void)?) throws -> Bool {
        let minutes = try words.number("--minutes", in: 0...10_000) ?? 10
        let loss = try words.number("--loss", in: 0...0.9) ?? 0.1
        let size = try words.integer("--size", in: 100...50_000_000) ?? 40_000
        let mtu = try words.integer("--mtu", in: 64...65_507) ?? 1400
        let copies = try words.integer("--copies", in: 1...8) ?? 1
        let seed = UInt64(try words.integer("--seed", in: 0...Int.max) ?? 1)
        let keep = try words.value("--keep")
        let reporter = Reporter(json: words.has("--json"), to: sink)
        let outputs = try OutputFlags(&words)
        try words.finish()
        try outputs.check()

        let trace = outputs.trace ?? Trace(limit: 64 << 20)
        let net = SimNet(seed: seed, link: SimLink(delay: minutes * 60, loss: loss), trace: trace)
        var random = Xoshiro256(seed: seed)
        let probe = net.host("probe").peer(port: 1113)
        let earth = net.host("earth").peer(port: 1113)
        func proxy(_ engine: UInt64, _ wire: SimPeer, _ other: SimPeer) throws -> LTPProxy<SimPeer> {
            var peer = LTPPeer(engine: 3 - engine, address: other.address)
            (peer.lightTime, peer.mtu, peer.copies) = (minutes * 60, mtu, copies)
            return try LTPProxy(engine: engine, over: wire, peers: [peer], random: random.fork())
        }
        let sender = try proxy(1, probe, earth)
        let receiver = try proxy(2, earth, probe)
        let (here, there) = (try sender.open(1), try receiver.open(1))
        let doist = try Doist(tock: 1.0 / 32, limit: 1e7, doers: [net, sender.doer, receiver.doer])
        let picture = Picture(about: size).bytes
        let ticket = try here.send(picture, to: 2)
        var arrived: (tyme: Tyme, bytes: [UInt8])?
        try doist.enter()
        while !ticket.isEnded || sender.doer.core.openCount + receiver.doer.core.openCount > 0 {
            guard doist.tyme < 1e6 else { break }
            try doist.recur()
            while case .red(let red)? = try there.receive() { arrived = (doist.tyme, red.bytes) }
        }
        try doist.exit()
        tell(trace, reporter)
        try outputs.write(trace)
        if let keep, let arrived {
            guard FileManager.default.createFile(atPath: keep, contents: Data(arrived.bytes)) else {
                throw BadFile(description: "--keep \(keep): cannot be written")
            }
        }
        let isWhole = arrived?.bytes == picture && ticket.outcome == .complete
        var line = JSONLine(event: "end")
        line.add("intact", isWhole)
        line.add("bytes", picture.count)
        line.add("arrived_s", arrived?.tyme ?? .nan, digits: 3)
        line.add("light_times", (arrived?.tyme ?? .nan) / max(minutes * 60, 1e-9), digits: 3)
        let words = arrived.map { "arrived after \(JSONLine.fixed($0.tyme / 60, 1)) minutes" } ?? "did not arrive"
        reporter.say(line, "\nA picture of \(picture.count) bytes \(words)\(isWhole ? ", unchanged." : ".")")
        return isWhole
    }

    /// What was sent, a line for each segment but the plain ones in the middle of a run.
    private static func tell(_ trace: Trace, _ reporter: Reporter) {
        var plain = 0
        for index in 0..<trace.count {
            let event = trace.event(index)
            guard event.kind == .sent, let segment = try? LTPSegment(trace.bytes(index).span.bytes) else { continue }
            let isLost = event.fate == .lost
            if segment.type == 0, !isLost {
                plain += 1
                continue
            }
            if plain > 0 { reporter.say(JSONLine(event: "plain"), "          … \(plain) red segments") }
            plain = 0
            var line = JSONLine(event: "segment")
            line.add("minutes", event.tyme / 60, digits: 3)
            line.add("from", trace.who(event))
            line.add("what", "\(segment)")
            line.add("lost", isLost)
            let time = JSONLine.fixed(event.tyme / 60, 2)
            let space = String(repeating: " ", count: max(0, 8 - time.count))
            reporter.say(line, "\(space)\(time)  \(trace.who(event))  \(segment)\(isLost ? "   LOST" : "")")
        }
    }
}

/// A picture that needs no file: rings and a sphere in shades of grey, as a PGM.
struct Picture {
    let bytes: [UInt8]

    /// A square one of about so many bytes.
    init(about size: Int) {
        var side = 8
        while (side + 1) * (side + 1) <= size { side += 1 }
        var bytes = Array("P5\n\(side) \(side)\n255\n".utf8)
        let middle = side / 2
        for y in 0..<side {
            for x in 0..<side {
                let (dx, dy) = (x - middle, (y - middle) * 2)
                let square = dx * dx + dy * dy
                let sphere = (x - middle) * (x - middle) + (y - middle) * (y - middle)
                let radius = side * side / 16
                let isRing = square > side * side / 6 && square < side * side / 4
                let shade = sphere < radius ? 255 - sphere * 200 / max(1, radius) : isRing ? 120 + square % 40 : 8
                bytes.append(UInt8(truncatingIfNeeded: shade))
            }
        }
        self.bytes = bytes
    }
}
