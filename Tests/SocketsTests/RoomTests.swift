import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

/// Full Unix peers are sent to again when they have room, not when a tick comes by.
@Suite("Room at full Unix peers", .serialized, .timeLimit(.minutes(5))) struct RoomTests {
    /// A receiver that nobody reads but the test, and a doer that has forty datagrams for it.
    private func full() throws -> (receiver: UXDPeer, sender: CoreDoer<TestCore, UXDPeer>, doist: Doist) {
        let receiver = try UXDPeer(at: .temporary(name: "ear"))
        try receiver.open()
        let sender = CoreDoer(TestCore(), over: try UXDPeer(at: .temporary(name: "mouth")))
        sender.core.queue = (0..<40).map { (receiver.address, [UInt8($0)]) }
        let doist = try Doist(tock: 0.5, pace: RealPace(), doers: [sender])
        _ = try doist.turn()
        return (receiver, sender, doist)
    }

    private func drain(_ peer: UXDPeer) throws -> [UInt8] {
        var got: [UInt8] = []
        try Burst().lend { (out: inout OutputRawSpan) throws(TransportError) in
            while try peer.receive(into: &out, at: 0) != nil {
                got += Array(copying: out.bytes)
                out.removeAll()
            }
        }
        return got
    }

    #if os(Linux)
        @Test("what a full peer could not take goes on as soon as it reads, long before the next tick")
        func goesOn() throws {
            let (receiver, sender, doist) = try full()
            defer { receiver.close() }
            #expect(sender.core.isBlocked && sender.core.queue.count < 40)
            var got: [UInt8] = []
            let start = RealPace().now()
            while got.count < 40, RealPace().now() - start < 0.4 {
                got += try drain(receiver)
                _ = try doist.turn()
            }
            #expect(got == (0..<40).map { UInt8($0) })
            #expect(doist.tyme == 0.5, "all of it in extra passes, within one tick")
            try doist.exit()
        }
    #endif

    @Test("a peer that never reads costs no passes beyond the ticks")
    func quiet() throws {
        let (receiver, sender, doist) = try full()
        defer { receiver.close() }
        for _ in 0..<5 { _ = try doist.turn() }
        let before = doist.statistics.extraPasses
        for _ in 0..<200 { _ = try doist.turn() }
        #expect(doist.statistics.extraPasses - before <= 2)
        #expect(sender.core.isBlocked)
        try doist.exit()
    }

    @Test("probes and their descriptor are given back on close")
    func leaks() throws {
        _ = try full()  // whatever the process opens once
        // Other suites open and close beside us: of ten rounds one at least must end as it began.
        var least = Int.max
        for _ in 0..<10 {
            let before = openDescriptors()
            for _ in 0..<10 {
                let (receiver, _, doist) = try full()
                try doist.exit()
                receiver.close()
            }
            least = min(least, openDescriptors() - before)
        }
        #expect(least <= 0, "\(least) descriptors more after ten times")
    }

    @Test("a peer that went away while it was full is refused, and the others go on")
    func gone() throws {
        let (receiver, sender, doist) = try full()
        let other = try UXDPeer(at: .temporary(name: "other"))
        try other.open()
        defer { other.close() }
        sender.core.queue.append((other.address, [99]))
        receiver.close()
        let start = RealPace().now()
        while !sender.core.queue.isEmpty, RealPace().now() - start < 2 { _ = try doist.turn() }
        #expect(try drain(other) == [99])
        #expect(sender.core.refused.allSatisfy { $0.reason == .unreachable } && !sender.core.refused.isEmpty)
        try doist.exit()
    }
}
