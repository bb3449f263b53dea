import Foundation
import Sockets
import Taping
import Testing

@testable import Commanding
@testable import DemoKit

/// What a run reads from files stands in its recording.
@Suite("Files of a recorded run") struct ReplayedFilesTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "tymist-files-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    /// Somebody who listens, and does not read.
    private let sink: UDPPeer
    private var words: [String] { ["send", "--udp", "127.0.0.1:0", "--to", "\(sink.address)"] }

    init() throws {
        sink = try UDPPeer(port: 0)
        try sink.open()
    }

    @Test("a replay sends what --file named then, although the file is gone or another one")
    func file() throws {
        try withDirectory { path in
            let text = "well met, and met again"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/file"))
            var words = Arguments(self.words + ["--file", path + "/file", "--record", path + "/record"])
            #expect(try MemoPeer.run(&words, stopOn: []))
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/record")))
            #expect(String(decoding: bytes, as: UTF8.self).components(separatedBy: text).count == 3)  // read, and sent

            try Data("something else".utf8).write(to: URL(fileURLWithPath: path + "/file"))
            guard case .same(let tally) = try ReplayCommand.outcome(bytes, "record") else {
                Issue.record("another file makes a difference")
                return
            }
            #expect(tally.offered == 1 && tally.compared > text.utf8.count)
            try FileManager.default.removeItem(atPath: path + "/file")
            #expect(try ReplayCommand.outcome(bytes, "record") == .same(tally))
        }
    }

    @Test("a replay knows the keys that --keep named then, although the file is gone")
    func keep() throws {
        try withDirectory { path in
            try Data("[]".utf8).write(to: URL(fileURLWithPath: path + "/keep"))
            let all = words + ["--keep", path + "/keep", "--record", path + "/record"]
            var arguments = Arguments(all)
            #expect(try MemoPeer.run(&arguments, stopOn: []))
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/record")))
            try FileManager.default.removeItem(atPath: path + "/keep")
            guard case .same(let tally) = try ReplayCommand.outcome(bytes, "record") else {
                Issue.record("the replay came apart")
                return
            }
            #expect(tally.offered == 1)
        }
    }

    @Test("a recording without the file, of an earlier version, says which one it lacks")
    func earlier() throws {
        var bytes: [UInt8] = []
        let recorder = Recorder(
            RecordingHeader(program: "memo-peer", arguments: words + ["--file", "/nowhere/file"], seed: 1)
        ) { bytes += $0.withUnsafeBytes { Array($0) } }
        try recorder.finish()
        let error = #expect(throws: BadFile.self) { try ReplayCommand.outcome(bytes, "record") }
        let reason = "what memo-peer was called with cannot be done here: --file /nowhere/file: cannot be read"
        #expect(error?.description == "record: \(reason)")
    }

    @Test("a path that no socket can have is a wrong word", arguments: ["--uxd", "--to"])
    func longPath(flag: String) throws {
        let long = "/nowhere/" + String(repeating: "x", count: 200)
        let other = flag == "--uxd" ? ["--to", "/nowhere/red"] : ["--uxd", "/nowhere/red"]
        var words = Arguments(["send", flag, long] + other)
        let error = #expect(throws: UsageError.self) { try MemoPeer.run(&words, stopOn: []) }
        #expect(
            error?.description.hasPrefix("\(flag) \(long): path \"\(long)\" of 209 bytes: expected at most ") == true)
    }

    @Test("a frame peer's path that no socket can have is a wrong word")
    func longFramePath() throws {
        let long = "/nowhere/" + String(repeating: "x", count: 200)
        for (mode, flag) in [("server", "--listen"), ("client", "--connect")] {
            var words = Arguments([mode, flag, long])
            let error = #expect(throws: UsageError.self) { try FramePeerOptions(&words) }
            #expect(error?.description.hasPrefix("\(flag) \(long): path ") == true)
        }
    }
}
