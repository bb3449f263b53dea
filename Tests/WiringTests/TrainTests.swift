import Testing

@testable import Wiring

@Suite("Trains")
struct TrainTests {
    static func datagrams(_ bytes: [UInt8], segment: Int) -> [[UInt8]] {
        var found: [[UInt8]] = []
        Train(peer: .none, segment: segment).forEachDatagram(of: bytes.span.bytes) { datagram in
            found.append((0..<datagram.byteCount).map { datagram.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
        }
        return found
    }

    @Test("a train is cut into equal datagrams, the last may be shorter")
    func cuts() {
        #expect(Self.datagrams([1, 2, 3, 4, 5], segment: 2) == [[1, 2], [3, 4], [5]])
        #expect(Self.datagrams([1, 2, 3, 4], segment: 2) == [[1, 2], [3, 4]])
        #expect(Self.datagrams([1, 2], segment: 9) == [[1, 2]])
    }

    @Test("no bytes are one empty datagram, and a segment of 0 does not loop for ever")
    func empty() {
        #expect(Self.datagrams([], segment: 5) == [[]])
        #expect(Self.datagrams([1, 2], segment: 0) == [[1, 2]])
    }

    @Test("the count agrees with the cut", arguments: 0...40)
    func counts(bytes: Int) {
        for segment in 0...12 {
            let train = Train(peer: .none, segment: segment)
            #expect(
                train.count(of: bytes) == Self.datagrams([UInt8](repeating: 0, count: bytes), segment: segment).count)
        }
    }

    @Test("limits say how many datagrams of a size fit")
    func capacity() {
        let limits = TrainLimits(segments: 64, bytes: 65472, datagram: 1240)
        #expect(limits.capacity(segment: 1240) == 52)
        #expect(limits.capacity(segment: 100) == 64)
        #expect(limits.capacity(segment: 70000) == 1)
        #expect(limits.capacity(segment: 0) == 1)
    }

    @Test("bytes are appended in bulk behind what is there")
    func append() {
        let burst = Burst(capacity: 8)
        let seen = burst.lend { (out: inout OutputRawSpan) in
            let bytes: [UInt8] = [1, 2, 3]
            out.append(contentsOf: bytes.span.bytes)
            out.append(contentsOf: bytes.span.bytes)
            out.append(contentsOf: [UInt8]().span.bytes)
            let written = out.bytes
            return (0..<written.byteCount).map { written.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
        #expect(seen == [1, 2, 3, 1, 2, 3])
        #expect(burst.lend { (out: inout OutputRawSpan) in out.byteCount } == 0)
    }
}
