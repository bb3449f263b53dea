import Foundation
import Taping
import Testing

@testable import Commanding
@testable import DemoKit

/// Records both ends of `frame-peer` on real streams, and replays them.
@Suite("recorded frame-peers", .serialized) struct FrameRecordTests {
    private typealias Running = FramePeerTests.Running

    /// Recordings in a folder of their own, which goes with the test.
    private final class Folder {
        let path = NSTemporaryDirectory() + "tymist-frec-\(getpid())-\(UInt32.random(in: 0 ... .max))"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func bytes(_ name: String) throws -> [UInt8] {
            [UInt8](try #require(FileManager.default.contents(atPath: path + "/" + name)))
        }

        /// What its replay has gone through, if it is the same.
        func tally(_ name: String) throws -> ReplayTally? {
            switch try ReplayCommand.outcome(bytes(name), name) {
            case .same(let tally): return tally
            case .different(let difference):
                Issue.record("\(name): \(difference)")
                return nil
            }
        }
    }

    private func place(_ isUnix: Bool, _ folder: Folder) -> String { isUnix ? folder.path + "/s" : "127.0.0.1:0" }

    @Test(
        "a server and two clients replay to the byte, over TCP and Unix streams, with both protocols",
        arguments: ["length-type --length-format I", "handshake"], [false, true])
    func pair(protocol name: String, isUnix: Bool) throws {
        let folder = try Folder()
        let words = "--protocol \(name) --record \(folder.path)/"
        let server = try Running(
            "server --listen \(place(isUnix, folder)) --echo --push 1 --count 20 \(words)server")
        let address = try server.address()
        let clients = try ["one", "two"].map {
            try Running("client --connect \(address) --count 10 --expect 11 --message-size 9000 \(words)\($0)")
        }
        for end in clients + [server] {
            let isDone = try end.wait()
            #expect(isDone, "\(end.said)")
        }
        let served = try #require(try folder.tally("server"))
        #expect(served.streams == 2)
        #expect(served.read > 20 * 9000 && served.wrote > 20 * 9000)
        for name in ["one", "two"] {
            let called = try #require(try folder.tally(name))
            #expect(called.streams == 1)
            #expect(called.wrote > 10 * 9000 && called.compared == called.wrote)
        }
    }

    @Test("a client that is refused, waits, and connects later replays with every attempt")
    func redial() throws {
        let folder = try Folder()
        let path = folder.path + "/s"
        let client = try Running("client --connect \(path) --again 1 --record \(folder.path)/client")
        _ = try client.event("disconnected")
        let server = try Running("server --listen \(path) --count 1")
        let (isSent, isServed) = (try client.wait(), try server.wait())
        #expect(isSent && isServed)
        let tally = try #require(try folder.tally("client"))
        #expect(tally.streams >= 2)
        #expect(tally.wrote == 8)
    }

    @Test("a chat replays with what was typed")
    func chat() throws {
        let folder = try Folder()
        let host = try Running("chat --listen 127.0.0.1:0 --name host --record \(folder.path)/host")
        let guest = try Running("chat --connect \(host.address()) --name ann --record \(folder.path)/ann")
        _ = try guest.event("connected")
        _ = try host.event("connected")
        guest.write("good day\n")
        #expect(try host.event("line") == #"{"event":"line","name":"ann","text":"good day"}"#)
        host.write("welcome\n")
        #expect(try guest.event("line") == #"{"event":"line","name":"host","text":"welcome"}"#)
        for end in [guest, host] {
            try end.endInput()
            let isDone = try end.wait()
            #expect(isDone)
        }
        #expect(try #require(try folder.tally("host")).read > 8)
        #expect(try #require(try folder.tally("ann")).wrote > 8)
    }

    @Test("another message size than was recorded differs in the first write, and a cut recording is refused")
    func other() throws {
        let folder = try Folder()
        let server = try Running("server --listen 127.0.0.1:0 --count 1")
        let client = try Running("client --connect \(server.address()) --record \(folder.path)/client")
        let (isSent, isServed) = (try client.wait(), try server.wait())
        #expect(isSent && isServed)
        let bytes = try folder.bytes("client")
        let outcome = try FramePeer.replay(try Recording(bytes), words: ["--message-size", "6"])
        guard case .different(let difference) = outcome else {
            Issue.record("another message size made no difference")
            return
        }
        #expect(difference.recorded == "offered 8 B, of which 8 were taken")
        #expect(difference.happened == "offered 9 B")
        #expect(difference.place.hasPrefix("call of StreamDoer"))
        #expect(difference.firstByte == 1)
        let error = #expect(throws: BadFile.self) { try ReplayCommand.outcome(Array(bytes.dropLast(9)), "cut") }
        #expect(error?.description.hasPrefix("cut: cut short at byte") == true)
    }
}
