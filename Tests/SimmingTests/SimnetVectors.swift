import Charting
import Doing
import Foundation
import Testing
import Wiring

@testable import Simming

/// The published fates of datagrams in the model of a link.
@Suite("The model of a link is the published one")
struct SimnetVectors {
    struct File: Decodable {
        var parameters: Parameters
        var vectors: [Vector]
    }

    struct Parameters: Decodable {
        var datagrams, bytes: Int
        var first_us, gap_us, delay_us, jitter_us: Int64
        var loss, rate_bps: Double
        var queue_bytes: Int

        var link: SimLink {
            SimLink(
                delay: Double(delay_us) / 1e6, jitter: Double(jitter_us) / 1e6, loss: loss, rate: rate_bps,
                queueBytes: queue_bytes)
        }
    }

    struct Vector: Decodable, CustomTestStringConvertible {
        var seed: UInt64
        var dir: Int
        var fate: [Fate]
        var testDescription: String { "seed \(seed), direction \(dir)" }
    }

    enum Fate: Decodable, Hashable {
        case lost, queue
        case arrives(Int64)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let milliseconds = try? container.decode(Double.self) {
                self = .arrives(Int64((milliseconds * 1000).rounded()))
                return
            }
            switch try container.decode(String.self) {
            case "lost": self = .lost
            case "queue": self = .queue
            case let other: throw DecodingError.dataCorruptedError(in: container, debugDescription: other)
            }
        }
    }

    static let published: File = {
        let usual = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/simnet.json")
        let path = ProcessInfo.processInfo.environment["VECTORS_SIMNET"] ?? usual.path
        do {
            return try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch { fatalError("\(path): \(error)") }
    }()

    @Test("the file has vectors, and each a fate for every datagram")
    func isComplete() {
        #expect(!Self.published.vectors.isEmpty)
        #expect(Self.published.vectors.allSatisfy { $0.fate.count == Self.published.parameters.datagrams })
    }

    @Test("the model by itself gives every datagram its published fate", arguments: Self.published.vectors)
    func model(vector: Vector) {
        let given = Self.published.parameters
        var model = LinkModel(given.link, seed: vector.seed, direction: vector.dir)
        for (index, fate) in vector.fate.enumerated() {
            let ours = model.send(given.bytes, at: given.first_us + Int64(index) * given.gap_us)
            let expected: LinkModel.Fate =
                switch fate {
                case .lost: .lost
                case .queue: .queueFull
                case .arrives(let due): .arrives(due)
                }
            #expect(ours == expected, "datagram \(index)")
        }
    }

    @Test(
        "between two hosts every datagram has its published fate, and arrives at the first tick then",
        arguments: Self.published.vectors)
    func network(vector: Vector) throws {
        let given = Self.published.parameters
        let trace = Trace()
        let net = SimNet(seed: 99, link: given.link, trace: trace)
        let hosts = [net.host("red"), net.host("blu")]
        net.reseed(hosts[0], hosts[1], seed: vector.seed)
        let (from, to) = (hosts[vector.dir], hosts[1 - vector.dir])
        let receiver = Listener(to.peer(port: 7))
        let sender = Talker(from.peer(port: 7))
        for index in 0..<given.datagrams {
            let due = Double(given.first_us + Int64(index) * given.gap_us) / 1e6
            sender.plan.append((due, receiver.peer.address, [UInt8](repeating: UInt8(index), count: given.bytes)))
        }
        let doist = try Doist(tyme: Double(given.first_us) / 1e6, tock: Double(given.gap_us) / 1e6, limit: 0.1)
        try doist.enter([net, sender, receiver])
        try doist.run()

        var fates: [Fate] = []
        for event in (0..<trace.count).map(trace.event) where event.kind == .sent {
            switch event.fate {
            case .lost: fates.append(.lost)
            case .queueFull: fates.append(.queue)
            default: fates.append(.arrives(Int64((event.due * 1e6).rounded())))
            }
        }
        #expect(fates == vector.fate)
        let arrivals = vector.fate.enumerated().compactMap { index, fate -> (Int64, Int)? in
            if case .arrives(let due) = fate { (due, index) } else { nil }
        }.sorted { $0 < $1 }
        #expect(receiver.heard.map { Int($0.bytes[0]) } == arrivals.map(\.1))
        for (heard, arrival) in zip(receiver.heard, arrivals) {
            let late = Micros.of(heard.tyme) - arrival.0
            #expect((0..<given.gap_us).contains(late), "due \(arrival.0), heard at \(heard.tyme)")
        }
    }
}
