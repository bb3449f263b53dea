import Doing
import Foundation
import Signing
import Sockets
import Taping
import Testing

@testable import Commanding
@testable import DemoKit

/// Records two real peers on real sockets, and replays both.
@Suite(.serialized) struct RecordTests {
    private static let seed = String(repeating: "5a", count: 32)

    /// Runs a command on a thread of its own; `wait` then gives its answer.
    private final class Running: @unchecked Sendable {
        private let done = DispatchSemaphore(value: 0)
        private var result: Result<Bool, any Error>?

        init(_ words: [String]) {
            Thread.detachNewThread { [self] in
                result = Result {
                    var words = Arguments(words)
                    return try MemoPeer.run(&words, stopOn: [])  // signals belong to the process
                }
                done.signal()
            }
        }

        func wait() throws -> Bool {
            done.wait()
            return try result!.get()
        }
    }

    private func exchange(_ words: [String], _ here: [String], _ there: [String]) throws -> [[UInt8]] {
        let directory = NSTemporaryDirectory() + "tymist-record-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let files = ["listen", "send"].map { directory + "/" + $0 }
        let common = words + ["--time", "20", "--json", "--record"]
        let listener = Running(["listen"] + here + ["--echo", "--count", "40"] + common + [files[0]])
        usleep(300_000)
        let sender = Running(
            ["send"] + there + ["--count", "40", "--expect", "40", "--memo-size", "5000"] + common + [files[1]])
        #expect(try sender.wait())
        #expect(try listener.wait())
        return try files.map { [UInt8](try #require(FileManager.default.contents(atPath: $0))) }
    }

    private func check(_ files: [[UInt8]]) throws {
        for bytes in files {
            guard case .same(let tally) = try ReplayCommand.outcome(bytes, "file") else {
                Issue.record("\(try ReplayCommand.outcome(bytes, "file"))")
                continue
            }
            #expect(tally.passes > 1)
            #expect(tally.received >= 40)
            #expect(tally.offered >= 40)
            #expect(tally.compared > 40 * 5000)
        }
    }

    @Test("plain memos over UDP, recorded at both ends, replay to the byte")
    func udp() throws {
        let probe = try UDPPeer(port: 0)
        try probe.open()
        let place = "\(probe.address)"
        probe.close()
        try check(exchange([], ["--udp", place], ["--udp", "127.0.0.1:0", "--to", place]))
    }

    @Test("plain memos over Unix paths, with grams that fill the socket, replay to the byte")
    func unix() throws {
        let place = "/tmp/tymist-rec-\(getpid())"
        let words = ["--size", "200"]
        try check(exchange(words, ["--uxd", place + ".a"], ["--uxd", place + ".b", "--to", place + ".a"]))
    }

    /// With TYMIST_REQUIRE_TOOLS=1 a missing libsodium fails the test; without it the test does not run.
    private static var hasSigner: Bool {
        ProcessInfo.processInfo.environment["TYMIST_REQUIRE_TOOLS"] == "1" || (try? Ed25519()) != nil
    }

    @Test("signed memos replay to the byte", .enabled(if: hasSigner))
    func signed() throws {
        let place = "/tmp/tymist-sig-\(getpid())"
        let words = ["--kind", "signed", "--seed-key", Self.seed]
        let files = try exchange(words, ["--uxd", place + ".a"], ["--uxd", place + ".b", "--to", place + ".a"])
        try check(files)
    }

    @Test(
        "recordings that earlier versions made replay to the byte",
        arguments: [("memo_peer_v2.rec", 2, 3, 120), ("frame_peer_v3.rec", 3, 4, 24)])
    func older(_ name: String, version: UInt8, passes: Int, compared: Int) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/\(name)")
        let bytes = [UInt8](try Data(contentsOf: file))
        #expect(bytes[8] == version)
        guard case .same(let tally) = try ReplayCommand.outcome(bytes, name) else {
            Issue.record("\(try ReplayCommand.outcome(bytes, name))")
            return
        }
        #expect((tally.passes, tally.compared) == (passes, compared))
    }

    @Test("another gram size than was recorded differs where the first train leaves")
    func other() throws {
        let place = "/tmp/tymist-oth-\(getpid())"
        let files = try exchange([], ["--uxd", place + ".a"], ["--uxd", place + ".b", "--to", place + ".a"])
        let recording = try Recording(files[1])
        guard case .different(let difference) = try MemoPeer.replay(recording, words: ["--size", "300"]) else {
            Issue.record("another gram size made no difference")
            return
        }
        #expect(difference.recorded.hasPrefix("sent"))
        #expect(difference.happened.contains("segments of 300"))
        #expect(difference.place.hasPrefix("socket of CoreDoer"))
    }

    @Test("what another thread posts in real time is taken in the same pass of the replay")
    func posts() throws {
        final class Bytes: @unchecked Sendable { var bytes: [UInt8] = [] }
        let file = Bytes()
        let recorder = Recorder(RecordingHeader(program: "test", arguments: [], seed: 1)) { chunk in
            chunk.withUnsafeBytes { file.bytes += $0 }
        }
        let box = Mailbox<UInt8>()
        box.pass(through: Inlet(recorder, name: "box"), encode: { [$0] }, decode: { $0.first })
        let taker = Taker(box, until: 50)
        let doist = try Doist(limit: 20, pace: RealPace(), doers: [taker])
        recorder.watch(doist)
        Thread.detachNewThread {
            for message in 0..<50 {
                box.post(UInt8(message))
                usleep(2000)
            }
        }
        try doist.run()
        try recorder.finish()
        #expect(taker.taken.map(\.message) == Array(0..<50))

        let replay = Replay(try Recording(file.bytes))
        let empty = Mailbox<UInt8>()
        empty.pass(through: try Inlet(replay, name: "box"), encode: { [$0] }, decode: { $0.first })
        let again = Taker(empty, until: 50)
        guard case .same(let tally) = try replay.run([again]) else {
            Issue.record("\(replay.difference.map { "\($0)" } ?? "")")
            return
        }
        #expect(tally.passes > 1)
        #expect(again.taken == taker.taken)
    }

    @Test("a run that could not open its socket replays as one")
    func taken() throws {
        let path = NSTemporaryDirectory() + "tymist-tkn-\(getpid()).rec"
        defer { unlink(path) }
        let other = try UDPPeer(port: 0)
        try other.open()
        var words = Arguments(["listen", "--udp", "\(other.address)", "--time", "5", "--record", path])
        #expect(throws: (any Error).self) { try MemoPeer.run(&words) }
        let bytes = [UInt8](try #require(FileManager.default.contents(atPath: path)))
        guard case .same(let tally) = try ReplayCommand.outcome(bytes, path) else {
            Issue.record("\(try ReplayCommand.outcome(bytes, path))")
            return
        }
        #expect(tally == ReplayTally())
    }

    @Test("files that are no recordings are refused by their name and what is wrong")
    func refused() throws {
        #expect(throws: BadFile.self) { try ReplayCommand.outcome([1, 2, 3], "x.rec") }
        var words = Arguments(["/nowhere/x.rec"])
        let error = #expect(throws: BadFile.self) { try ReplayCommand.run(&words) }
        #expect(error?.description == "/nowhere/x.rec: cannot be read")
        final class Bytes { var bytes: [UInt8] = [] }
        let file = Bytes()
        let other = Recorder(RecordingHeader(program: "other", arguments: [], seed: 1)) { chunk in
            chunk.withUnsafeBytes { file.bytes += $0 }
        }
        try other.finish()
        let unknown = #expect(throws: BadFile.self) { try ReplayCommand.outcome(file.bytes, "x.rec") }
        #expect(unknown?.description == "x.rec: of \"other\"; what can be replayed is memo-peer, frame-peer")
    }
}

/// Takes messages and notes when.
private final class Taker: Doer {
    struct Taken: Equatable { let message: UInt8, tyme: Tyme, pass: Int }
    private let box: Mailbox<UInt8>
    private let count: Int
    private var passes = 0
    private(set) var taken: [Taken] = []

    init(_ box: Mailbox<UInt8>, until count: Int) {
        (self.box, self.count) = (box, count)
        super.init()
    }

    override func enter(_ tyme: Tyme) throws { box.connect(doist?.waker(for: self)) }

    override func recur(_ tyme: Tyme) throws -> Recurrence {
        passes += 1
        for message in box.takeAll() { taken.append(Taken(message: message, tyme: tyme, pass: passes)) }
        return taken.count == count ? .done : .park(until: .infinity)
    }

    override func exit(_ tyme: Tyme) throws { box.connect(nil) }
}
