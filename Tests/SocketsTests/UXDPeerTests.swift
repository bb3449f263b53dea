import CSockets
import Doing
import Foundation
import Synchronization
import Testing
import Wiring

@testable import Sockets

/// An open peer at a path of its own.
private func opened(_ path: String, _ options: UXDPeer.Options = .init()) throws -> UXDPeer {
    let peer = try UXDPeer(at: UXDPath(path), name: "p", options: options)
    try peer.open()
    return peer
}

private func status(_ path: String) throws -> FileStatus { try #require(FileStatus(path)) }

@Suite("Unix-datagram peers on real sockets", .timeLimit(.minutes(5))) struct UXDPeerTests {
    // MARK: Datagrams

    @Test("a datagram arrives with its bytes and its sender's path, and is answered by the address it came from")
    func single() throws {
        try withDirectory { directory in
            var red = try opened(directory + "/red.uxd")
            var blu = try opened(directory + "/blu.uxd")
            #expect(try red.send(pattern(1240), to: blu.address) == Sending(taken: 1240))
            let received = try #require(try blu.next())
            #expect(received == Received(bytes: pattern(1240), peer: red.address, segment: 1240))
            #expect(blu.describe(received.peer) == directory + "/red.uxd")
            #expect(try blu.send([9], to: received.peer) == Sending(taken: 1))
            #expect(try red.next()?.bytes == [9])
            #expect(try UXDPeer.address(of: directory + "/red.uxd") == red.address)
        }
    }

    @Test("an empty datagram is one, the largest goes, and one over the kernel's bound is refused as too large")
    func sizes() throws {
        try withDirectory { directory in
            var red = try opened(directory + "/red.uxd")
            var blu = try opened(directory + "/blu.uxd")
            #expect(try red.send([], to: blu.address) == Sending(taken: 0))
            #expect(try blu.next() == Received(bytes: [], peer: red.address, segment: 0))
            #expect(try red.send(pattern(65_535), to: blu.address).outcome == .sent)
            #expect(try blu.next()?.bytes == pattern(65_535))
            var small = try opened(directory + "/small.uxd", .init(sendBufferSize: 20_000))
            #expect(
                try small.send(pattern(65_535), to: blu.address)
                    == Sending(taken: 0, .refused(Refusal(.tooLarge, code: EMSGSIZE))))
        }
    }

    @Test("a datagram longer than accepted, or than the lent room, is dropped and counted")
    func truncation() throws {
        try withDirectory { directory in
            var red = try opened(directory + "/red.uxd")
            var blu = try opened(directory + "/blu.uxd", .init(acceptsUpTo: 100))
            for size in [101, 100, 99] { _ = try red.send(pattern(size), to: blu.address) }
            #expect(try blu.next()?.bytes == pattern(100))
            #expect(try blu.now(Burst(capacity: 98)) == nil)
            #expect(blu.statistics.truncated == 2)
        }
    }

    @Test("a train is taken as far as the receiver's queue goes; one full receiver blocks no other")
    func fullPeer() throws {
        try withDirectory { directory in
            var red = try opened(directory + "/red.uxd")
            var blu = try opened(directory + "/blu.uxd")
            var other = try opened(directory + "/other.uxd")
            let sending = try red.send(pattern(40 * 100), to: blu.address, segment: 100)
            #expect(sending.outcome == .peerFull)
            #expect(sending.taken % 100 == 0 && (100..<4000).contains(sending.taken))
            #expect(try red.send([1], to: blu.address) == Sending(taken: 0, .peerFull))
            #expect(try red.send([2], to: other.address) == Sending(taken: 1))
            #expect(try other.next()?.bytes == [2])
            #expect(red.statistics.peerFull == 2)
            // What was taken is there, in order; the rest goes when there is room.
            var got: [UInt8] = []
            while let some = try blu.now() { got += some.bytes }
            #expect(got == Array(pattern(4000)[..<sending.taken]))
            #expect(try red.send([3], to: blu.address) == Sending(taken: 1))
        }
    }

    @Test("nobody there, nobody bound, no address: refused, and the peer goes on")
    func refusals() throws {
        try withDirectory { directory in
            var red = try opened(directory + "/red.uxd")
            let missing = try UXDPeer.address(of: directory + "/missing.uxd")
            #expect(try red.send([1], to: missing).outcome == .refused(Refusal(.unreachable, code: ENOENT)))
            let dead = try opened(directory + "/dead.uxd")
            dead.close(unlink: false)
            #expect(try red.send([1], to: dead.address).outcome == .refused(Refusal(.unreachable, code: ECONNREFUSED)))
            #expect(try red.send([1], to: .none).outcome == .refused(Refusal(.badAddress)))
            #expect(try red.send([1], to: .unix(12_345 << 16)).outcome == .refused(Refusal(.badAddress)))
            #expect(try red.send([1], to: anyPort).outcome == .refused(Refusal(.badAddress)))
            #expect(red.statistics.refused == 5)
        }
    }

    @Test("senders without a path are handed on as nobody, or dropped and counted if they are not allowed")
    func unnamed() throws {
        try withDirectory { directory in
            var strict = try opened(directory + "/strict.uxd", .init(acceptsUnnamed: false))
            var open = try opened(directory + "/open.uxd")
            let socket = csk_unix_socket()
            defer { _ = csk_close(socket) }
            func send(to path: String) { #expect(csk_unix_send(socket, path, path.utf8.count, [1], 1) == 1) }
            send(to: directory + "/strict.uxd")
            send(to: directory + "/open.uxd")
            #expect(bindAbstract(socket))
            send(to: directory + "/strict.uxd")
            send(to: directory + "/open.uxd")
            #expect(try strict.now() == nil)
            #expect(strict.statistics.unknownSender == 2)
            for _ in 0..<2 { #expect(try open.next() == Received(bytes: [1], peer: .none, segment: 1)) }
        }
    }

    #if os(Linux)
        @Test("a sender whose path fills its room, a byte more than can be named, is nobody and does no harm")
        func longestSender() throws {
            try withDirectory { directory in
                var red = try opened(directory + "/red.uxd")
                let room = UXDPath.maximumLength - directory.utf8.count
                let path = directory + "/" + String(repeating: "x", count: room)
                #expect(path.utf8.count == 108)
                let socket = csk_unix_socket()
                defer { _ = csk_close(socket) }
                #expect(bindFull(socket, Array(path.utf8)))
                let to = directory + "/red.uxd"
                #expect(csk_unix_send(socket, to, to.utf8.count, [1], 1) == 1)
                #expect(try red.next() == Received(bytes: [1], peer: .none, segment: 1))
            }
        }

        /// Binds at a path of as many bytes as `sun_path` has, without a NUL behind them.
        private func bindFull(_ socket: Int32, _ path: [UInt8]) -> Bool {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
        }
    #endif

    /// Gives a socket a name that is no file.
    private func bindAbstract(_ socket: Int32) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, 2) == 0 }  // autobind: \0xxxxx
        }
    }

    @Test("a peer whose descriptor is no socket any more opens another at its path")
    func reopensOnce() throws {
        try withDirectory { directory in
            var red = try opened(directory + "/red.uxd")
            var blu = try opened(directory + "/blu.uxd")
            let old = try #require(blu.descriptor)
            loseSocket(old)
            #expect(try blu.now() == nil)
            #expect(blu.descriptor != old && blu.path == directory + "/blu.uxd")
            #expect(try red.send([5], to: blu.address) == Sending(taken: 1))
            #expect(try blu.next()?.bytes == [5])
            close(old)
        }
    }

    // MARK: Files

    @Test("a directory that others can write to, a link to one, and one of somebody else are refused")
    func unsafeDirectories() throws {
        try withDirectory { directory in
            let bad = directory + "/bad"
            #expect(mkdir(bad, 0o777) == 0 && chmod(bad, 0o777) == 0)
            let error = #expect(throws: TransportError.self) { try opened(bad + "/a.uxd") }
            #expect(error?.description.contains("a directory, owner \(geteuid()), mode 777") == true)
            #expect(chmod(bad, 0o1777) == 0)  // sticky, as the directory for temporary files
            try opened(bad + "/a.uxd").close()
            #expect(symlink(bad, directory + "/link") == 0)
            #expect(throws: TransportError.self) { try opened(directory + "/link/a.uxd") }
            if geteuid() == 0 {
                #expect(chmod(bad, 0o755) == 0 && chown(bad, 65_534, 65_534) == 0)
                #expect(throws: TransportError.self) { try opened(bad + "/a.uxd") }
            }
        }
    }

    @Test("107 bytes can be bound and 108 are refused, counted in bytes")
    func pathLengths() throws {
        try withDirectory { directory in
            let room = UXDPath.maximumLength - directory.utf8.count - 1
            let fits = directory + "/" + String(repeating: "a", count: room)
            #expect(fits.utf8.count == 107)
            var peer = try opened(fits)
            _ = try peer.send([1], to: peer.address)
            #expect(try peer.next() == Received(bytes: [1], peer: peer.address, segment: 1))
            #expect(throws: TransportError.self) { try UXDPath(fits + "a") }
            let accents = directory + "/" + String(repeating: "é", count: room / 2 + 1)
            #expect(accents.count < 107)
            let error = #expect(throws: TransportError.self) { try UXDPath(accents) }
            #expect(error?.description.contains("of \(accents.utf8.count) bytes: expected at most 107 bytes") == true)
            #expect(throws: TransportError.self) { try UXDPath("") }
            #expect(throws: TransportError.self) { try UXDPath("a\0b") }
        }
    }

    @Test("a living peer's path is not taken")
    func alive() throws {
        try withDirectory { directory in
            var first = try opened(directory + "/a.uxd")
            let error = #expect(throws: TransportError.self) { try opened(directory + "/a.uxd") }
            #expect(
                error
                    == .system(
                        call: "bind", code: EADDRINUSE, reason: "Address already in use", subject: directory + "/a.uxd")
            )
            #expect(try first.now() == nil)  // the probe sent nothing
            #expect(first.statistics.received.datagrams == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.uxd"])
        }
    }

    @Test("a dead socket's path is taken over, and nothing else is left behind")
    func dead() throws {
        try withDirectory { directory in
            let path = directory + "/a.uxd"
            try opened(path).close(unlink: false)
            let before = try status(path)
            var peer = try opened(path)
            #expect(try !status(path).isSameFile(as: before) || peer.isOpen)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.uxd"])
            #expect(try peer.send([1], to: peer.address) == Sending(taken: 1))
            #expect(try peer.next()?.bytes == [1])
        }
    }

    @Test("a file, a directory, a link and a dangling link in the way are left alone")
    func otherThings() throws {
        try withDirectory { directory in
            #expect(FileManager.default.createFile(atPath: directory + "/file", contents: Data([1])))
            #expect(mkdir(directory + "/directory", 0o700) == 0)
            try opened(directory + "/dead").close(unlink: false)
            #expect(symlink(directory + "/dead", directory + "/link") == 0)
            #expect(symlink(directory + "/nothing", directory + "/dangling") == 0)
            for name in ["file", "directory", "link", "dangling"] {
                let before = try status(directory + "/" + name)
                let error = #expect(throws: TransportError.self) { try opened(directory + "/" + name) }
                #expect(error?.description.contains("errno \(EADDRINUSE)") == true, "\(name)")
                #expect(try status(directory + "/" + name) == before)
            }
            #expect(FileStatus(directory + "/nothing") == nil)
        }
    }

    @Test("while another holds the lock, a dead path is in use")
    func locked() throws {
        try withDirectory { directory in
            let path = directory + "/a.uxd"
            try opened(path).close(unlink: false)
            let lock = csk_lock(path + ".lock")
            #expect(lock >= 0)
            #expect(throws: TransportError.self) { try opened(path) }
            csk_unlock(lock, path + ".lock")
            #expect(try opened(path).isOpen)
        }
    }

    @Test("of eight that race for a dead path one wins, thirty times over")
    func race() throws {
        for _ in 0..<30 {
            let directory = NSTemporaryDirectory() + "sk" + UUID().uuidString.prefix(8)
            #expect(mkdir(directory, 0o700) == 0)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let path = directory + "/a.uxd"
            try opened(path).close(unlink: false)
            let winners = raceFor(path, 8)
            #expect(winners == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.uxd"])
        }
    }

    /// How many of `count` threads, started together, got `path` while all of them tried.
    private func raceFor(_ path: String, _ count: Int) -> Int {
        let winners = Atomic(0)
        let tries = Atomic(0)
        let ended = DispatchSemaphore(value: 0)
        for _ in 0..<count {
            Thread.detachNewThread {
                defer { ended.signal() }
                guard var peer = try? UXDPeer(at: UXDPath(path)) else { return }
                let hasWon = (try? peer.open()) != nil
                tries.add(1, ordering: .relaxed)
                guard hasWon else { return }
                for _ in 0..<10_000 where tries.load(ordering: .relaxed) < count { usleep(100) }
                // The winner is reached at the path: it is not bound to a file that is gone.
                if (try? peer.send([1], to: peer.address)) == Sending(taken: 1) { winners.add(1, ordering: .relaxed) }
                peer.close(unlink: false)
            }
        }
        for _ in 0..<count { ended.wait() }
        return winners.load(ordering: .relaxed)
    }

    @Test("a file that has been replaced is not removed on close")
    func replaced() throws {
        try withDirectory { directory in
            let path = directory + "/a.uxd"
            let first = try opened(path)
            #expect(unlink(path) == 0)  // as hio does
            var second = try opened(path)
            first.close()
            #expect(try second.send([1], to: second.address) == Sending(taken: 1))
            second.close()
            #expect(FileStatus(path) == nil)
        }
    }

    @Test("a peer dropped without close gives its descriptor and its file back")
    func dropped() throws {
        try withDirectory { directory in
            do { _ = try opened(directory + "/a.uxd") }
            #expect(FileStatus(directory + "/a.uxd") == nil)
        }
    }
}

extension UXDPeerTests {
    /// The umask belongs to the process: these run one after the other.
    @Suite("modes and the umask", .serialized) struct Modes {
        @Test("the file is there for its owner alone, whatever the umask, and goes on close")
        func modes() throws {
            try withDirectory { directory in
                let old = umask(0)
                defer { umask(old) }
                let peer = try opened(directory + "/a.uxd")
                #expect(try status(directory + "/a.uxd").mode == 0o600)
                umask(0o077)
                let shared = try opened(directory + "/b.uxd", .init(mode: 0o666))
                #expect(try status(directory + "/b.uxd").mode == 0o666)
                #expect(umask(0) == 0o077)
                peer.close()
                shared.close()
                #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
            }
        }

        @Test("the umask is what it was after every failure to open")
        func umaskRestored() throws {
            try withDirectory { directory in
                let old = umask(0o027)
                defer { umask(old) }
                let first = try opened(directory + "/a.uxd")
                #expect(throws: TransportError.self) { try opened(directory + "/a.uxd") }
                #expect(throws: TransportError.self) { try opened("/proc/a.uxd") }
                #expect(umask(0o027) == 0o027)
                #expect(first.isOpen)
            }
        }

        @Test("directories that are missing are made for us alone; hio's 0755 ones are used")
        func directories() throws {
            try withDirectory { directory in
                let old = umask(0)
                defer { umask(old) }
                let peer = try opened(directory + "/x/y/a.uxd")
                #expect(try status(directory + "/x").mode == 0o700)
                #expect(try status(directory + "/x/y").mode == 0o700)
                #expect(chmod(directory + "/x/y", 0o755) == 0)
                let other = try opened(directory + "/x/y/b.uxd")
                #expect(other.isOpen && peer.isOpen)
            }
        }
    }
}
