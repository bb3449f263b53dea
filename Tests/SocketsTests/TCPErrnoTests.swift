import CSockets
import Doing
import Testing
import Wiring

@testable import Sockets

private let one = Address.ip4(0x0A00_0001, port: 9)
private let two = Address.ip6(0, 1, port: 9)
private let three = Address.ip4(0x0A00_0003, port: 9)

/// Every error number that a stream's calls can give, answered in the system's place.
@Suite("what every error number of a stream means") struct TCPErrnoTests {
    typealias Engine = StreamEngine<ScriptedStreamCalls>

    private func read(_ engine: inout Engine) throws -> StreamReading {
        try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { try engine.read($0) }
    }

    private func write(_ engine: inout Engine, _ count: Int) throws -> StreamWriting {
        try [UInt8](repeating: 7, count: count).withUnsafeBytes { try engine.write($0) }
    }

    @Test(
        "the other end, or the way to it, has gone: a typed end of the connection, nothing thrown",
        arguments: [ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ENETDOWN, ECONNABORTED, ENOTCONN, EIO])
    func lost(code: Int32) throws {
        var engine = Engine(.init(reads: [-Int(code)], writes: [-Int(code)]))
        #expect(try read(&engine) == .lost(StreamLoss(code: code)))
        #expect(try write(&engine, 5) == .lost(StreamLoss(code: code)))
    }

    @Test("nothing there and no room are no ends", arguments: [EAGAIN, ENOBUFS, ENOMEM])
    func nothing(code: Int32) throws {
        var engine = Engine(.init(reads: [-Int(code), 3], writes: [-Int(code), 2]))
        #expect(try read(&engine) == .nothing)
        // Where memory is short no edge tells when it is there again.
        #expect(engine.isStarved == (code != EAGAIN))
        #expect(try write(&engine, 5) == .taken(0))
        #expect(engine.isStarved == (code != EAGAIN))
        #expect(try read(&engine) == .bytes(3))
        #expect(try write(&engine, 5) == .taken(2))
        #expect(!engine.isStarved)
    }

    @Test("a signal in between is not seen")
    func interrupted() throws {
        var engine = Engine(.init(reads: [-Int(EINTR), -Int(EINTR), 3], writes: [-Int(EINTR), 5]))
        #expect(try read(&engine) == .bytes(3))
        #expect(try write(&engine, 5) == .taken(5))
        #expect(engine.calls.log == ["read 64", "read 64", "read 64", "write 5", "write 5"])
    }

    @Test("a descriptor that is no socket any more breaks the stream", arguments: [EBADF, ENOTSOCK])
    func broken(code: Int32) {
        var engine = Engine(.init(reads: [-Int(code)], writes: [-Int(code)]))
        #expect(throws: Broken(call: "recv", code: code)) { try read(&engine) }
        #expect(throws: Broken(call: "send", code: code)) { try write(&engine, 5) }
    }

    @Test("no bytes is the end, but neither is an empty room one nor an empty write a call")
    func end() throws {
        var engine = Engine(.init(reads: [0]))
        #expect(try engine.read(UnsafeMutableRawBufferPointer(start: nil, count: 0)) == .nothing)
        #expect(try write(&engine, 0) == .taken(0))
        #expect(engine.calls.log == [])
        #expect(try read(&engine) == .end)
    }

    // MARK: Accepting

    @Test("a connection that has gone, or a network in trouble, is counted, and the next one is taken")
    func acceptPassing() throws {
        let codes = [ECONNABORTED, EPROTO, ENETDOWN, EPERM, EHOSTUNREACH]
        var engine = AcceptEngine(ScriptedStreamCalls(accepts: codes.map { -$0 } + [-EINTR, 7]))
        let taken = try engine.accept(at: 0)
        #expect(taken?.descriptor == 7 && taken?.from == one)
        #expect(engine.statistics.passedOver == 5 && engine.statistics.accepted == 1)
        #expect(try engine.accept(at: 0) == nil)
    }

    @Test(
        "without descriptors or memory it counts, waits twice as long each time up to a second, and never spins",
        arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func acceptExhausted(code: Int32) throws {
        var engine = AcceptEngine(ScriptedStreamCalls(accepts: [Int32](repeating: -code, count: 8) + [5, -code]))
        var tyme = 10.0
        for pause in [1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1, 1, 1] {
            #expect(try engine.accept(at: tyme) == nil)
            #expect(engine.retryTyme == tyme + pause)
            let calls = engine.calls.log.count
            #expect(try engine.accept(at: tyme + pause * 0.99) == nil)
            #expect(engine.calls.log.count == calls)  // not even asked
            tyme += pause
        }
        #expect(engine.statistics.exhausted == 8)
        #expect(try engine.accept(at: tyme)?.descriptor == 5)
        #expect(engine.retryTyme == nil)
        #expect(try engine.accept(at: tyme) == nil)
        #expect(engine.retryTyme == tyme + 1.0 / 32)  // and begins anew
    }

    @Test("a flood of connections that have gone ends an accept after 256, so that others run")
    func acceptFlood() throws {
        var engine = AcceptEngine(ScriptedStreamCalls(accepts: [Int32](repeating: -ECONNABORTED, count: 1000)))
        #expect(try engine.accept(at: 0) == nil)
        #expect(engine.statistics.passedOver == 256 && engine.calls.log.count == 256)
    }

    @Test("a listener that is none any more throws", arguments: [EBADF, ENOTSOCK, EINVAL])
    func acceptBroken(code: Int32) {
        var engine = AcceptEngine(ScriptedStreamCalls(accepts: [-code]))
        #expect(throws: Broken(call: "accept", code: code)) { try engine.accept(at: 0) }
    }

    // MARK: Connecting

    private func attempts(_ addresses: Address..., timeout: Double = 2) -> ConnectAttempts<ScriptedStreamCalls> {
        ConnectAttempts(to: addresses, timeout: timeout, subject: "stream main") { _, _ in 0 }
    }

    @Test("addresses are tried in their order, each failure leads to the next at once, and no descriptor is left")
    func order() throws {
        var calls = ScriptedStreamCalls(connects: [-ECONNREFUSED, -EINPROGRESS, 0], connecteds: [-ENETUNREACH, 1])
        var attempts = attempts(one, two, three)
        #expect(try attempts.advance(&calls, at: 0) == .connected(102, three))
        #expect(
            calls.log == [
                "socket ip4", "connect 10.0.0.1:9",
                "socket ip6", "close 100", "connect [::1]:9",  // closed only now, so that the numbers differ
                "socket ip4", "close 101", "connect 10.0.0.3:9",
            ])
        #expect(attempts.failures.count == 2)
    }

    @Test("an address has its own tyme; then the next one is tried, and the last one's timeout is the error")
    func timeout() throws {
        var calls = ScriptedStreamCalls()
        var attempts = attempts(one, two)
        #expect(try attempts.advance(&calls, at: 5) == .pending)
        #expect(attempts.deadline == 7 && attempts.descriptor == 100)
        #expect(try attempts.advance(&calls, at: 6.99) == .pending)
        #expect(try attempts.advance(&calls, at: 7) == .pending)
        #expect(attempts.deadline == 9 && attempts.descriptor == 101)
        #expect(
            throws: TransportError.failed("connect", -ETIMEDOUT, "stream main to [::1]:9 (address 2 of 2)")
        ) { try attempts.advance(&calls, at: 9) }
        #expect(calls.log.filter { $0.hasPrefix("close") } == ["close 100", "close 101"])
        #expect(attempts.failures.count == 2)
    }

    @Test(
        "the error names the call, the number and the address",
        arguments: [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EACCES, ECONNRESET, EADDRNOTAVAIL])
    func refused(code: Int32) {
        var calls = ScriptedStreamCalls(connects: [-code])
        var attempts = attempts(one)
        #expect(throws: TransportError.failed("connect", -code, "stream main to 10.0.0.1:9")) {
            try attempts.advance(&calls, at: 0)
        }
        #expect(calls.log == ["socket ip4", "connect 10.0.0.1:9", "close 100"])
    }

    @Test("a socket that cannot be made, or not as asked for, is a failure of its address")
    func unmade() {
        var calls = ScriptedStreamCalls(sockets: [-EMFILE])
        var first = attempts(one)
        #expect(throws: TransportError.failed("socket", -EMFILE, "stream main to 10.0.0.1:9")) {
            try first.advance(&calls, at: 0)
        }
        var second = ConnectAttempts<ScriptedStreamCalls>(to: [one], timeout: 1, subject: "s") { _, _ in -ENOBUFS }
        #expect(throws: TransportError.failed("setsockopt", -ENOBUFS, "s to 10.0.0.1:9")) {
            try second.advance(&calls, at: 0)
        }
        #expect(calls.log == ["socket ip4", "socket ip4", "close 100"])
    }

    @Test("an interrupted connect goes on by itself; a Unix listener whose queue is full is asked again")
    func patience() throws {
        var calls = ScriptedStreamCalls(connects: [-EINTR], connecteds: [0, 1])
        var attempts = attempts(one)
        #expect(try attempts.advance(&calls, at: 0) == .pending)
        #expect(try attempts.advance(&calls, at: 0) == .connected(100, one))

        let path = try UXDPeer.address(of: "/nowhere/listener")
        var local = ScriptedStreamCalls(connects: [-EAGAIN, -EAGAIN, 0], connecteds: [1])
        var second = self.attempts(path)
        #expect(try second.advance(&local, at: 0) == .pending)
        #expect(second.isQueued)
        #expect(try second.advance(&local, at: 1) == .connected(100, path))
        #expect(local.log.filter { $0.hasPrefix("connect") }.count == 3)
    }

    @Test("given up, it lets go of its descriptor")
    func cancelled() throws {
        var calls = ScriptedStreamCalls()
        var attempts = attempts(one, two)
        _ = try attempts.advance(&calls, at: 0)
        attempts.cancel(&calls)
        attempts.cancel(&calls)
        #expect(calls.log == ["socket ip4", "connect 10.0.0.1:9", "close 100"])
    }
}
