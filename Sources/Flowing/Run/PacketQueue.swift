import Containers
import Wiring

/// Packets in order, all bytes one behind the other: what a flow has to send, or its user to read.
///
/// Packets behind the front stay where they are until the front is taken off, so a sender may look at any of them.
struct PacketQueue {
    /// The bytes; `range(_:)` says where a packet stands.
    private(set) var bytes: [UInt8] = []
    private var firstByte = 0
    /// The end of each packet, counted from the first byte that ever was here.
    private var ends = Fifo<Int>()
    /// How many bytes were moved out in front of `bytes`.
    private var gone = 0

    /// Packets.
    var count: Int { ends.count }
    var isEmpty: Bool { ends.isEmpty }
    /// Bytes in them.
    var byteCount: Int { bytes.count - firstByte }
    /// What they are charged with: 64 bytes a packet beside its own.
    var charge: Int { byteCount + 64 * count }

    /// Where packet `index`, counted from the front, stands in `bytes`.
    func range(_ index: Int) -> Range<Int> {
        let lower = index == 0 ? firstByte : ends[index - 1] - gone
        return lower..<ends[index] - gone
    }

    /// The length of packet `index`.
    func length(_ index: Int) -> Int { range(index).count }

    /// Appends a copy.
    mutating func append(_ packet: RawSpan) {
        bytes.append(contentsOf: packet)
        ends.append(bytes.count + gone)
    }

    /// Takes `count` packets off the front.
    mutating func removeFirst(_ count: Int = 1) {
        guard count > 0 else { return }
        firstByte = ends[count - 1] - gone
        ends.removeFirst(count)
        compact()
    }

    /// Takes `count` bytes off the first packet, which has more.
    mutating func removeFirst(bytes count: Int) { firstByte += count }

    private mutating func compact() {
        if firstByte == bytes.count {
            gone += firstByte
            bytes.removeAll(keepingCapacity: true)
            firstByte = 0
        } else if firstByte > 1 << 16, firstByte * 2 > bytes.count {
            bytes.removeFirst(firstByte)
            gone += firstByte
            firstByte = 0
        }
    }

    /// Gives room back that an idle flow does not need.
    mutating func trim() { if isEmpty { bytes = [] } }

    mutating func removeAll() {
        gone += bytes.count
        bytes = []
        firstByte = 0
        ends.removeAll()
    }
}
