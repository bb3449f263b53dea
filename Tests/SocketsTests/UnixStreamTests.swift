import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

@Suite("Unix streams and their files", .timeLimit(.minutes(5))) struct UnixStreamTests {
    private func pair(at path: String) throws -> (listener: UnixListener, near: UnixStream, far: UnixStream) {
        let listener = try UnixListener(at: UXDPath(path))
        try listener.open()
        let near = try UnixStream(to: path)
        try near.socket.connectNow()
        return (listener, near, try #require(try listener.accept(at: 0)))
    }

    @Test("bytes go each way, half by half, and the other end's end is told")
    func exchange() throws {
        try withDirectory { directory in
            let (listener, near, far) = try pair(at: directory + "/red.sock")
            #expect(near.remote == listener.address && far.remote == .none)
            _ = try near.socket.write([1, 2, 3])
            near.socket.shut()
            var reader = Reader()
            try reader.read(&far.socket)
            #expect(reader.bytes == [1, 2, 3] && reader.end == .end)
            _ = try far.socket.write([4])
            far.socket.close()
            var back = Reader()
            try back.read(&near.socket)
            #expect(back.bytes == [4] && back.end == .end)
            #expect(try near.socket.write([5]) == nil)
        }
    }

    @Test("a full reader holds the writer up, and gets every byte in the end")
    func backPressure() throws {
        try withDirectory { directory in
            let (_, near, far) = try pair(at: directory + "/red.sock")
            let text = pattern(4 << 20)
            var sent = 0
            while let taken = try near.socket.write(Array(text[sent...])), taken > 0 { sent += taken }
            #expect(sent < text.count)
            var reader = Reader()
            try eventually("all of it") {
                try reader.read(&far.socket)
                sent += try near.socket.write(Array(text[sent...])) ?? 0
                return reader.bytes.count == text.count
            }
            #expect(reader.bytes == text)
        }
    }

    @Test("the file is for the owner alone from the beginning, and goes with the listener")
    func file() throws {
        try withDirectory { directory in
            let path = directory + "/sub/red.sock"
            let listener = try UnixListener(at: UXDPath(path))
            try listener.open()
            let status = try #require(FileStatus(path))
            #expect(status.isSocket && status.mode == 0o600 && listener.path == path)
            #expect(FileStatus(directory + "/sub")?.mode == 0o700)
            listener.close()
            #expect(FileStatus(path) == nil && listener.path == nil)
        }
    }

    @Test("a dead listener's file is taken over, a living one's, and a living datagram peer's, is not")
    func takeOver() throws {
        try withDirectory { directory in
            let path = directory + "/red.sock"
            let dead = try UnixListener(at: UXDPath(path))
            try dead.open()
            dead.close(unlink: false)
            #expect(FileStatus(path)?.isSocket == true)
            let alive = try UnixListener(at: UXDPath(path))
            try alive.open()
            let other = try UnixListener(at: UXDPath(path))
            #expect(throws: TransportError.failed("bind", -EADDRINUSE, path)) { try other.open() }
            #expect(try alive.accept(at: 0) == nil)  // asking whether it lives left no connection behind
            let peer = try UXDPeer(at: UXDPath(path))
            #expect(throws: TransportError.failed("bind", -EADDRINUSE, path)) { try peer.open() }
            alive.close()
            try peer.open()
            #expect(throws: TransportError.failed("bind", -EADDRINUSE, path)) { try other.open() }
        }
    }

    @Test("a temporary path stands in a fresh directory that goes with the listener")
    func temporary() throws {
        let listener = try UnixListener(at: .temporary(name: "red"))
        try listener.open()
        let path = try #require(listener.path)
        let stream = try UnixStream(to: path)
        try stream.socket.connectNow()
        #expect(try listener.accept(at: 0) != nil)
        listener.close()
        #expect(FileStatus(path) == nil)
    }

    @Test("nobody there, and nobody listening, are errors that name the path")
    func nobody() throws {
        try withDirectory { directory in
            let path = directory + "/none.sock"
            let stream = try UnixStream(to: path, name: "blu")
            try stream.socket.open()
            #expect(throws: TransportError.failed("connect", -ENOENT, "Unix stream blu to \(path)")) {
                try stream.socket.connect(at: 0)
            }
            let dead = try UnixListener(at: UXDPath(path))
            try dead.open()
            dead.close(unlink: false)
            try stream.socket.open()
            #expect(throws: TransportError.failed("connect", -ECONNREFUSED, "Unix stream blu to \(path)")) {
                try stream.socket.connect(at: 0)
            }
            #expect(throws: TransportError.self) { try UnixStream(to: "") }
            #expect(throws: TransportError.self) { try UnixListener(at: UXDPath(path), mode: 0o1777) }
        }
    }

    @Test("a listener whose queue is full is asked again until there is room, or the tyme is over")
    func queue() throws {
        try withDirectory { directory in
            let path = directory + "/red.sock"
            let listener = try UnixListener(at: UXDPath(path), backlog: 1)
            try listener.open()
            var waiting: [UnixStream] = []
            var last = try UnixStream(to: path, options: .init(connectTimeout: 2))
            try last.socket.open()
            while try last.socket.connect(at: 0), waiting.count < 10 {
                waiting.append(last)
                last = try UnixStream(to: path, options: .init(connectTimeout: 2))
                try last.socket.open()
            }
            #expect(waiting.count < 10 && last.descriptor == nil && last.socket.wakeTyme == -.infinity)
            _ = try listener.accept(at: 0)
            #expect(try last.socket.connect(at: 1))
            let late = try UnixStream(to: path, options: .init(connectTimeout: 2))
            try late.socket.open()
            #expect(try !late.socket.connect(at: 5))
            #expect(throws: TransportError.failed("connect", -ETIMEDOUT, "Unix stream main to \(path)")) {
                try late.socket.connect(at: 7)
            }
        }
    }
}
