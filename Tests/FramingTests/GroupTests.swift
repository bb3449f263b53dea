import Doing
import Simming
import Testing
import Wiring

@testable import Framing

/// A message of some bytes.
private struct Note: LengthTypeMessage {
    static let type: FrameType = 3
    var bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(unpacking body: [UInt8]) throws(BodyError) { bytes = body }
    func pack(into body: inout [UInt8]) { body += bytes }
}

@Suite("What users of tinyproto and ltprotocol ask for")
struct GroupTests {
    private func bed() throws -> Bed<LengthTypeCore> {
        let words = try LengthTypeProtocol([Note.self], LengthTypeFormat("H", "B"))
        let bed = try Bed { LengthTypeServer($0, words) }
        bed.server.on.message = { connection, message, _ in
            if let note = message as? Note { try connection.send(note) }
        }
        return bed
    }

    private func group(_ bed: Bed<LengthTypeCore>) throws -> FrameClientGroup<LengthTypeCore, SimStream> {
        let words = try LengthTypeProtocol([Note.self])
        let group = FrameClientGroup<LengthTypeCore, SimStream> { LengthTypeClient(words, over: $0) }
        try bed.doist.extend([group])
        return group
    }

    @Test("one client has several connections, each with an index, to several servers")
    func several() throws {
        let bed = try bed()
        let group = try group(bed)
        var heard: [UInt8] = []
        group.on.up = { connection, _ in try connection.send(Note([UInt8(connection.id)])) }
        group.on.message = { _, message, _ in heard += (message as? Note)?.bytes ?? [] }
        let first = try group.connect { bed.red.stream(to: bed.blu.address(port: 7)) }
        let second = try group.connect { bed.red.stream(to: bed.blu.address(port: 8)) }
        #expect([first, second] == [0, 1])
        #expect(try bed.run(until: { heard.count == 2 }))
        #expect(group.activeConnections.count == 2 && bed.server.activeConnections.count == 2)
        try group.disconnect(first)
        #expect(group[first] == nil && group[second]?.connection?.isUp == true)
        #expect(try bed.run(until: { bed.server.activeConnections.count == 1 }))
        try group[second]?.connection?.send(Note([9]))
        #expect(try bed.run(until: { heard.last == 9 }))
        #expect(try group.connect { bed.red.stream(to: bed.blu.address(port: 8)) } == 2)
    }

    @Test("a listener is added and removed while the server runs; the others go on")
    func listeners() throws {
        let bed = try bed()
        let group = try group(bed)
        var ups = 0
        group.on.up = { _, _ in ups += 1 }
        try bed.run(0.1)
        try bed.server.add(bed.blu.listener(port: 9))
        try group.connect { bed.red.stream(to: bed.blu.address(port: 9)) }
        try group.connect { bed.red.stream(to: bed.blu.address(port: 7)) }
        #expect(try bed.run(until: { ups == 2 && bed.server.activeConnections.count == 2 }))
        #expect(bed.server.listeners.count == 3 && bed.server.activeConnections.count == 2)
        #expect(try bed.server.remove(bed.blu.address(port: 9)))
        #expect(try bed.run(until: { bed.server.activeConnections.count == 1 }))
        #expect(try !bed.server.remove(bed.blu.address(port: 9)))
        try group.connect { bed.red.stream(to: bed.blu.address(port: 7)) }
        #expect(try bed.run(until: { ups == 3 }))
        #expect(bed.server.listeners.count == 2)
    }

    @Test("who does not read is given up after a minute, however much it sends; who reads a little is not")
    func unread() throws {
        var core = LengthTypeCore(try LengthTypeProtocol([Note.self]))
        core.connected(at: 0)
        core.expire(at: 0)
        try core.send(Note([1, 2, 3]))
        #expect(core.wakeTyme == 60)
        core.expire(at: 10)
        core.sent(2, at: 50)
        for tyme in [70.0, 109.9] { core.expire(at: tyme) }
        #expect(core.failure == nil && core.wakeTyme == 110)
        core.expire(at: 110)
        core.expire(at: 110.1)
        #expect(core.failure == .timeout(.take) && core.closing == .finish)
        core.expire(at: 111.2)
        #expect(core.closing == .reset)

        var handshake = HandshakeCore()
        handshake.connected(at: 0)
        handshake.expire(at: 1)
        #expect(handshake.failure == nil)
    }

    @Test("one time for every wait")
    func oneTimeout() {
        let limits = FrameLimits().timeout(7)
        #expect([limits.hello, limits.answer, limits.stall, limits.take, limits.idle] == [7, 7, 7, 7, 7])
    }

    @Test("formats by their letters; a letter that is none is named")
    func letters() throws {
        #expect(try LengthTypeFormat("H", "B") == LengthTypeFormat())
        #expect(try LengthTypeFormat("I", "h") == LengthTypeFormat(length: .uint32, type: .int16))
        #expect(throws: FrameError.unknownFormat("x")) { try LengthTypeFormat("H", "x") }
    }
}
