import Foundation
import Signing
import Sockets
import Testing
import Tracing

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
}
