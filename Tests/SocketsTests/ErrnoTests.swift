import CSockets
import Doing
import Testing
import Wiring

@testable import Sockets

private let there = Address.ip4(0x0A00_0001, port: 9)
private let elsewhere = Address.ip4(0x0A00_0002, port: 9)

/// Every error number that limits.md names, answered in the system's place.
@Suite("what every error number means") struct ErrnoTests {
    private func engine(_ calls: ScriptedUDPCalls = .init()) -> UDPEngine<ScriptedUDPCalls> {
        var engine = UDPEngine(calls, family: Int32(CSK_IP4), sendsUpTo: 65_507, acceptsUpTo: 65_535)
        engine.splitsTrains = true
        return engine
    }

    private func send(
        _ engine: inout UDPEngine<ScriptedUDPCalls>, _ count: Int, _ segment: Int, to peer: Address = there,
        at tyme: Tyme = 0
    ) throws -> Sending {
        let bytes = [UInt8](repeating: 7, count: count)
        var taken = 0
        let outcome = try bytes.withUnsafeBytes { all in
            try engine.send(all, Train(peer: peer, segment: segment), taken: &taken, at: tyme)
        }
        return Sending(taken: taken, outcome)
    }

    static let udp: [(Int32, Sending.Outcome)] = [
        (EAGAIN, .full), (ENOMEM, .peerFull), (ENOBUFS, .peerFull),
        (EMSGSIZE, .refused(Refusal(.tooLarge, code: EMSGSIZE))),
        (ECONNREFUSED, .refused(Refusal(.unreachable, code: ECONNREFUSED))),
        (ENOENT, .refused(Refusal(.unreachable, code: ENOENT))),
        (EHOSTUNREACH, .refused(Refusal(.unreachable, code: EHOSTUNREACH))),
        (ENETUNREACH, .refused(Refusal(.unreachable, code: ENETUNREACH))),
        (ENETDOWN, .refused(Refusal(.unreachable, code: ENETDOWN))),
        (EPERM, .refused(Refusal(.denied, code: EPERM))),
        (EACCES, .refused(Refusal(.denied, code: EACCES))),
        (EINVAL, .refused(Refusal(.badAddress, code: EINVAL))),
        (EAFNOSUPPORT, .refused(Refusal(.badAddress, code: EAFNOSUPPORT))),
        (EPROTO, .refused(Refusal(.other, code: EPROTO))),
    ]

    @Test("a single UDP datagram", arguments: udp)
    func udpSend(code: Int32, outcome: Sending.Outcome) throws {
        var engine = engine(.init(singles: [code]))
        #expect(try send(&engine, 100, 100) == Sending(taken: 0, outcome))
        #expect(try send(&engine, 100, 100) == Sending(taken: 100))  // and the peer goes on
        #expect(engine.statistics.sent.datagrams == 1)
    }

    @Test("a Unix datagram: lack of room is the receiver's", arguments: udp)
    func unixSend(code: Int32, outcome: Sending.Outcome) throws {
        var engine = UXDEngine(
            ScriptedUXDCalls(sends: [0, code]), sendsUpTo: 65_535, acceptsUpTo: 65_535, acceptsUnnamed: true)
        let peer = try UXDPeer.address(of: "/nowhere/errno.uxd")
        let bytes = [UInt8](repeating: 7, count: 250)
        var taken = 0
        let result = try bytes.withUnsafeBytes {
            try engine.send($0, Train(peer: peer, segment: 100), taken: &taken)
        }
        #expect(result == (outcome == .full ? .peerFull : outcome))
        #expect(taken == 100 && engine.calls.log == [100, 100])
        #expect(engine.statistics.sent.datagrams == 1)
    }

    @Test("a signal in between is not seen", arguments: [1, 3])
    func interrupted(times: Int) throws {
        let codes = [Int32](repeating: EINTR, count: times)
        var engine = engine(.init(singles: codes, trains: codes, receives: codes.map { -Int($0) } + [5]))
        #expect(try send(&engine, 10, 10) == Sending(taken: 10))
        #expect(try send(&engine, 20, 10) == Sending(taken: 20))
        var room = [UInt8](repeating: 0, count: 100)
        #expect(try room.withUnsafeMutableBytes { try engine.receive($0) }?.1 == 5)
        #expect(engine.statistics.receiveErrors == 0)
    }

    @Test("a descriptor that is no socket any more breaks the peer", arguments: [EBADF, ENOTSOCK])
    func broken(code: Int32) {
        var engine = engine(.init(singles: [code], trains: [code], receives: [-Int(code)]))
        #expect(throws: Broken(call: "sendmsg", code: code)) { try send(&engine, 10, 10) }
        #expect(throws: Broken(call: "sendmsg", code: code)) { try send(&engine, 20, 10) }
        #expect(throws: Broken(call: "recvmsg", code: code)) {
            try withUnsafeTemporaryAllocation(byteCount: 10, alignment: 1) { try engine.receive($0) }
        }
    }

    @Test(
        "a receive error that tells of an earlier datagram is counted, and what is behind it comes through",
        arguments: [ECONNREFUSED, EHOSTUNREACH, ENETDOWN, EMSGSIZE, ENOMEM, ENOBUFS, EPERM])
    func receive(code: Int32) throws {
        var engine = engine(.init(receives: [-Int(code), -Int(code), 3]))
        var room = [UInt8](repeating: 0, count: 100)
        #expect(try room.withUnsafeMutableBytes { try engine.receive($0) }?.1 == 3)
        #expect(engine.statistics.receiveErrors == 2)
        #expect(try room.withUnsafeMutableBytes { try engine.receive($0) } == nil)
    }

    @Test("a flood of errors or rubbish ends a receive after 256, so that others run")
    func flood() throws {
        var engine = engine(.init(receives: [Int](repeating: -Int(ECONNREFUSED), count: 1000)))
        var room = [UInt8](repeating: 0, count: 100)
        #expect(try room.withUnsafeMutableBytes { try engine.receive($0) } == nil)
        #expect(engine.calls.log.count == 256 && engine.statistics.receiveErrors == 256)
        #expect(engine.isFlooded)  // nobody else says that there is more

        var unix = UXDEngine(
            ScriptedUXDCalls(receives: [Int](repeating: 9, count: 1000)), sendsUpTo: 5, acceptsUpTo: 5,
            acceptsUnnamed: true)
        #expect(try room.withUnsafeMutableBytes { try unix.receive($0) } == nil)
        #expect(unix.statistics.truncated == 256 && unix.isFlooded)
    }

    // MARK: The fallback of trains

    @Test("a train that the way does not carry goes one by one, and that is remembered for this destination alone")
    func fallback() throws {
        var engine = engine(.init(trains: [EMSGSIZE]))
        #expect(try send(&engine, 2600, 1240) == Sending(taken: 2600))
        #expect(try send(&engine, 2480, 1240) == Sending(taken: 2480))
        #expect(try send(&engine, 2480, 1240, to: elsewhere) == Sending(taken: 2480))
        #expect(
            engine.calls.log == [
                "train 2600/1240", "one 1240", "one 1240", "one 120",  // tried, then one by one
                "one 1240", "one 1240",  // remembered
                "train 2480/1240",  // but not for others
            ])
    }

    @Test("EMSGSIZE forbids this segment size and larger ones; smaller trains still go as trains")
    func segmentSizes() throws {
        var engine = engine(.init(trains: [EMSGSIZE]))
        _ = try send(&engine, 3000, 1500)
        engine.calls.log = []
        _ = try send(&engine, 2000, 1000)
        _ = try send(&engine, 3200, 1600)
        #expect(engine.calls.log == ["train 2000/1000", "one 1600", "one 1600"])
    }

    @Test(
        "a kernel or device without the offload forbids every train there",
        arguments: [EIO, EINVAL, ENOPROTOOPT, EOPNOTSUPP])
    func noOffload(code: Int32) throws {
        var engine = engine(.init(trains: [code]))
        #expect(try send(&engine, 30, 10) == Sending(taken: 30))
        engine.calls.log = []
        _ = try send(&engine, 20, 10)
        #expect(engine.calls.log == ["one 10", "one 10"])
    }

    @Test("datagrams that are too large themselves are refused, and nothing is remembered")
    func tooLargeAnyway() throws {
        var engine = engine(.init(singles: [EMSGSIZE], trains: [EMSGSIZE]))
        #expect(try send(&engine, 20, 10) == Sending(taken: 0, .refused(Refusal(.tooLarge, code: EMSGSIZE))))
        engine.calls.log = []
        _ = try send(&engine, 20, 10)
        #expect(engine.calls.log == ["train 20/10"])
    }

    @Test("after ten minutes of tyme a destination is tried again")
    func retried() throws {
        var engine = engine(.init(trains: [EIO]))
        _ = try send(&engine, 20, 10, at: 5)
        engine.calls.log = []
        _ = try send(&engine, 20, 10, at: 604.5)
        _ = try send(&engine, 20, 10, at: 605)
        #expect(engine.calls.log == ["one 10", "one 10", "train 20/10"])
    }

    @Test("what was taken before the room ran out is told, whole datagrams only")
    func partial() throws {
        var engine = engine(.init(singles: [0, 0, EAGAIN], trains: [EIO]))
        #expect(try send(&engine, 45, 10) == Sending(taken: 20, .full))
        #expect(engine.statistics.sent.datagrams == 2 && engine.statistics.full == 1)
    }

    @Test("the memory of destinations is bounded, and another destination never counts as a remembered one")
    func memoryBound() {
        var memory = OffloadMemory()
        #expect(memory.isEmpty)
        for host in 0..<100_000 as Range<UInt32> { memory.note(.ip4(host, port: 1), segment: 0, at: 0) }
        let known = (0..<100_000 as Range<UInt32>).count {
            memory.forbids(Train(peer: .ip4($0, port: 1), segment: 10), at: 1)
        }
        #expect((1...OffloadMemory.capacity).contains(known))
        #expect(!memory.forbids(Train(peer: .ip4(200_000, port: 1), segment: 10), at: 1))
    }
}
