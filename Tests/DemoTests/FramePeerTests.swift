import Foundation
import Synchronization
import Testing

@testable import Commanding
@testable import DemoKit

private func value(_ key: String, of line: String) throws -> String {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    return "\(object[key] ?? "")"
}

/// Both ends of `frame-peer` in this process, over real TCP.
@Suite("frame-peer", .serialized) struct FramePeerTests {
    /// One end, run on a thread of its own.
    final class Running: @unchecked Sendable {
        private let done = DispatchSemaphore(value: 0)
        private var result: Result<Bool, any Error>?
        private let lines = Mutex<[String]>([])
        /// Ends of a pipe: a chat reads what the test writes.
        private let pipe = Pipe()

        init(_ text: String, time: Int = 30) throws {
            var words = Arguments(text.split(separator: " ").map(String.init) + ["--json", "--time", "\(time)"])
            var options = try FramePeerOptions(&words)
            options.signals = []  // signals belong to the process
            options.sink = { [unowned self] line in lines.withLock { $0.append(line) } }
            options.input = pipe.fileHandleForReading.fileDescriptor
            nonisolated(unsafe) let ready = options
            Thread.detachNewThread { [self] in
                result = Result { try FramePeer.run(ready) }
                done.signal()
            }
        }

        var said: [String] { lines.withLock { $0 } }

        func write(_ text: String) { pipe.fileHandleForWriting.write(Data(text.utf8)) }
        func endInput() throws { try pipe.fileHandleForWriting.close() }

        /// The first line of this event, once it is there.
        func event(_ name: String) throws -> String {
            let start = Date()
            while Date().timeIntervalSince(start) < 20 {
                if let line = said.first(where: { $0.hasPrefix("{\"event\":\"\(name)\"") }) { return line }
                usleep(1000)
            }
            Issue.record("no \(name) in \(said)")
            return ""
        }

        /// Where it listens.
        func address() throws -> String { try value("address", of: event("open")) }

        func wait() throws -> Bool {
            done.wait()
            return try result!.get()
        }
    }

    /// What arrived: the digests of all messages, in order.
    private func digests(_ end: Running) throws -> [String] {
        try end.said.filter { $0.contains("\"event\":\"message\"") }.map { try value("sha256", of: $0) }
    }

    private func wanted(_ count: Int, _ size: Int) -> [String] {
        (0..<count).map { SHA256.hex(Array(memoText(number: $0, length: size).utf8)) }
    }

    @Test("a client that connects again and again until its time is over has not done what it was to do")
    func neverConnected() throws {
        #expect(try !Running("client --connect 127.0.0.1:1 --again 1", time: 1).wait())
    }

    @Test(
        "a client's messages come back unchanged, with both protocols, from nothing to many reads",
        arguments: ["length-type --length-format I", "handshake"], [0, 5, 100_000])
    func echo(protocol name: String, size: Int) throws {
        let count = 3
        let words = "--protocol \(name)"
        let server = try Running("server --listen 127.0.0.1:0 --echo --count \(count) \(words)")
        let client = try Running(
            "client --connect \(server.address()) --echo --count \(count) --message-size \(size) \(words)")
        let isDone = try client.wait()
        let isServed = try server.wait()
        #expect(isDone && isServed)
        #expect(try digests(client) == wanted(count, size))
        #expect(try digests(server) == wanted(count, size))
        #expect(client.said.last == "{\"event\":\"end\",\"sent\":3,\"received\":3}")
    }

    @Test(
        "a server pushes to each of two clients at two addresses, IPv4 and IPv6",
        arguments: ["length-type", "handshake"])
    func push(protocol name: String) throws {
        let words = "--protocol \(name) --message-size 1000"
        let server = try Running("server --listen 127.0.0.1:0 [::1]:0 --push 4 --count 2 \(words)")
        _ = try server.address()
        let start = Date()
        while server.said.count < 2, Date().timeIntervalSince(start) < 20 { usleep(1000) }
        let addresses = try server.said.prefix(2).map { try value("address", of: $0) }
        for address in addresses {
            let client = try Running("client --connect \(address) --count 1 --expect 4 \(words)")
            let isDone = try client.wait()
            #expect(isDone)
            #expect(try digests(client) == wanted(4, 1000))
        }
        let isServed = try server.wait()
        #expect(isServed)
        #expect(addresses.count == 2 && addresses[1].hasPrefix("[::1]:"))
    }

    @Test("a client whose server is not there says why and has not done it; one that comes back in time has")
    func again() throws {
        let first = try Running("server --listen 127.0.0.1:0 --count 1")
        let address = try first.address()
        let client = try Running("client --connect \(address)")
        let (isSent, isServed) = (try client.wait(), try first.wait())
        #expect(isSent && isServed)
        let late = try Running("client --connect \(address)")
        let isDone = try late.wait()
        #expect(!isDone)
        #expect(try value("reason", of: late.event("disconnected")).contains("connect"))
        let patient = try Running("client --connect \(address) --again 1")
        _ = try patient.event("disconnected")
        let server = try Running("server --listen \(address) --count 1")
        let (isSentLate, isServedLate) = (try patient.wait(), try server.wait())
        #expect(isSentLate && isServedLate)
    }

    @Test("ends that speak different protocols part with an error, and the server has not done its work")
    func mismatch() throws {
        let server = try Running("server --listen 127.0.0.1:0 --protocol handshake --count 1", time: 2)
        let client = try Running("client --connect \(server.address()) --message-size 300 --expect 1")
        let isDone = try client.wait()
        let isServed = try server.wait()
        #expect(!isDone && !isServed)
        #expect(try value("reason", of: server.event("disconnected")) == "hello(1)")
        #expect(try digests(server).isEmpty && digests(client).isEmpty)
    }

    @Test("a chat: each line goes to all others, with the name of who wrote it, and the end of input is the end")
    func chat() throws {
        let host = try Running("chat --listen 127.0.0.1:0 --name host")
        let address = try host.address()
        let guests = try ["ann", "bob"].map { try Running("chat --connect \(address) --name \($0)") }
        for guest in guests { _ = try guest.event("connected") }
        guests[0].write("good day\n")
        #expect(try guests[1].event("line") == #"{"event":"line","name":"ann","text":"good day"}"#)
        #expect(try host.event("line") == #"{"event":"line","name":"ann","text":"good day"}"#)
        host.write("welcome\n")
        #expect(try guests[0].event("line") == #"{"event":"line","name":"host","text":"welcome"}"#)
        for end in guests + [host] {
            try end.endInput()
            let isDone = try end.wait()
            #expect(isDone)
        }
        #expect(!guests[0].said.contains { $0.contains("good day") })
    }

    @Test(
        "bad words are refused",
        arguments: [
            "", "sing", "server", "client", "server --connect 127.0.0.1:1", "client --connect nowhere",
            "server --listen 127.0.0.1:0 --type 256", "server --listen 127.0.0.1:0 --protocol handshake --type 2",
            "chat --listen 127.0.0.1:0 --protocol handshake", "client --connect 127.0.0.1:1 --count -1",
            "server --listen 127.0.0.1:0 /run/x", "client --connect 127.0.0.1:1 --record",
        ])
    func badWords(text: String) {
        var words = Arguments(text.split(separator: " ").map(String.init))
        #expect(throws: UsageError.self) { _ = try FramePeerOptions(&words) }
    }
}
