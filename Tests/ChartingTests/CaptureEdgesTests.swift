import Doing
import Testing
import Wiring

@testable import Charting

/// What a capture says of datagrams at the edge of what IP can hold.
@Suite("Captures at their edges") struct CaptureEdgesTests {
    /// The packets of a capture: captured and original length, and the bytes.
    private func packets(_ add: (PcapngWriter) -> Void) -> [(captured: Int, original: Int, bytes: [UInt8])] {
        var blocks: [[UInt8]] = []
        add(PcapngWriter { blocks.append($0) })
        return blocks.filter { $0[0] == 6 }.map { block in
            func number(_ at: Int) -> Int { (0..<4).reduce(0) { $0 | Int(block[at + $1]) << (8 * $1) } }
            return (number(20), number(24), Array(block[28..<28 + number(20)]))
        }
    }

    @Test("an IPv4 peer of a socket for both keeps its address, as ::ffff:10.1.2.3", arguments: [false, true])
    func dualStack(isOutbound: Bool) {
        let (peer, local) = (Address.ip4(0x0A01_0203, port: 9), Address.ip6(0, 0, port: 5501))
        let packet = packets {
            $0.add(
                [1, 2].span.bytes, from: isOutbound ? local : peer, to: isOutbound ? peer : local, at: 0,
                isOutbound: isOutbound)
        }[0]
        let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 1, 2, 3]
        let at = isOutbound ? 24 : 8
        #expect(packet.bytes[0] == 0x60 && Array(packet.bytes[at..<at + 16]) == mapped)
    }

    @Test("an end that is not known is zeros")
    func unknown() {
        let packet = packets { $0.add([1].span.bytes, from: .none, to: .ip6(1, 2, port: 9), at: 0) }[0]
        #expect(Array(packet.bytes[8..<24]) == [UInt8](repeating: 0, count: 16))
    }

    @Test("a Unix datagram that is longer than UDP's longest is cut, and the capture says how long it was")
    func longest() {
        for (count, isCut) in [(65_507, false), (65_508, true), (65_535, true), (200_000, true)] {
            let packet = packets {
                $0.add([UInt8](repeating: 7, count: count).span.bytes, from: .unix(1), to: .unix(2), at: 0)
            }[0]
            #expect(packet.original == count + 28 && packet.captured == min(count, 65_507) + 28)
            #expect((packet.captured < packet.original) == isCut)
        }
    }

    @Test("a name as long as can be is cut, and the block stays whole")
    func longName() {
        var blocks: [[UInt8]] = []
        let writer = PcapngWriter { blocks.append($0) }
        writer.name(.ip4(1, port: 0), String(repeating: "é", count: 50_000))
        #expect(blocks.last!.count % 4 == 0 && blocks.last!.count < 65_600)
        #expect(String(validating: blocks.last![16...].prefix { $0 != 0 }, as: UTF8.self) != nil)
    }

    @Test("a timeline tells microseconds of a run of any length")
    func longRun() {
        let trace = Trace()
        trace.note("late", at: 86_400 * 365.25, lane: trace.lane("red"))
        #expect(trace.timeline().contains(#""ts":31557600000000.000"#), "\(trace.timeline())")
        trace.note("never", at: .infinity, lane: trace.lane("red"))
        #expect(!trace.timeline().contains("inf"))
    }

    @Test("a doist that is watched keeps the trace alive")
    func watched() throws {
        final class Once: Doer {
            override func recur(_ tyme: Tyme) throws -> Recurrence { .done }
        }
        let doist = try Doist(doers: [Once()])
        weak var trace: Trace?
        ({
            let made = Trace()
            made.watch(doist)
            trace = made
        })()
        try doist.run()
        #expect(trace?.count ?? 0 > 0)
    }
}
