import Doing
import Wiring

/// Writes a capture file that Wireshark and tshark open, block by block.
///
/// Each datagram becomes an IP packet with a UDP header. Internet addresses are the real ones. Hosts of a simulated
/// network and Unix paths have none, so theirs are made up: `10.0.0.0` plus the host's number, `10.128.0.0` plus the
/// path's; what they stand for is in the file as names, which Wireshark shows. Times are tymes, in nanoseconds from 0.
/// What became of a datagram is the packet's comment.
///
/// Nothing is kept: what is written goes to the closure, a block a call, so that a demo can write while it runs.
///
/// - Source: draft-ietf-opsawg-pcapng; link type 101, raw IP.
public struct PcapngWriter {
    private let sink: ([UInt8]) -> Void

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - application: what wrote it, for the file's header.
    ///   - sink: takes the bytes of the file, in order.
    public init(application: String = "tymist", to sink: @escaping ([UInt8]) -> Void) {
        self.sink = sink
        var section = Bytes()
        section.add32(0x1A2B_3C4D)  // written in little-endian order
        section.add16(1)
        section.add16(0)
        section.add64(.max)  // the length of the section is not told
        section.addOption(4, Array(application.utf8))
        section.endOptions()
        write(0x0A0D_0D0A, section)
        var interface = Bytes()
        interface.add16(101)  // raw IP
        interface.add16(0)
        interface.add32(0)
        interface.addOption(2, Array("tymist".utf8))
        interface.addOption(9, [9])  // nanoseconds
        interface.endOptions()
        write(1, interface)
    }

    /// Says what an address is called.
    public func name(_ address: Address, _ name: String) {
        let ip = Self.ip(address)
        guard !name.isEmpty, ip.count == 4 || ip.count == 16 else { return }
        var block = Bytes()
        let text = Array(name.utf8) + [0]
        block.add16(ip.count == 4 ? 1 : 2)
        block.add16(UInt16(ip.count + text.count))
        block.add(ip)
        block.add(text)
        block.pad()
        block.add32(0)
        write(4, block)
    }

    /// Adds a datagram.
    ///
    /// - Parameters:
    ///   - bytes: the datagram.
    ///   - source: where it comes from.
    ///   - destination: where it goes.
    ///   - tyme: when; a tyme before 0 counts as 0.
    ///   - isOutbound: whether it was sent, not received.
    ///   - comment: shown with the packet; empty for none.
    public func add(
        _ bytes: RawSpan, from source: Address, to destination: Address, at tyme: Tyme, isOutbound: Bool = true,
        comment: String = ""
    ) {
        let packet = Self.packet(bytes, source, destination)
        let nanoseconds = UInt64(min(max(0, tyme), 1e10) * 1e9)
        var block = Bytes()
        block.add32(0)
        block.add32(UInt32(nanoseconds >> 32))
        block.add32(UInt32(truncatingIfNeeded: nanoseconds))
        block.add32(UInt32(packet.count))
        block.add32(UInt32(packet.count))
        block.add(packet)
        block.pad()
        block.addOption(2, [isOutbound ? 2 : 1, 0, 0, 0])
        if !comment.isEmpty { block.addOption(1, Array(comment.utf8)) }
        block.endOptions()
        write(6, block)
    }

    private func write(_ type: UInt32, _ body: Bytes) {
        var block = Bytes()
        let length = UInt32(body.bytes.count + 12)
        block.add32(type)
        block.add32(length)
        block.add(body.bytes)
        block.add32(length)
        sink(block.bytes)
    }

    // MARK: - Packets

    /// The address as bytes of IP, 4 or 16 of them.
    private static func ip(_ address: Address) -> [UInt8] {
        switch address.family {
        case .ip4: UInt32(truncatingIfNeeded: address.lo).bigEndianBytes
        case .ip6: address.hi.bigEndianBytes + address.lo.bigEndianBytes
        case .host: (0x0A00_0000 | UInt32(truncatingIfNeeded: address.lo & 0x7F_FFFF)).bigEndianBytes
        case .unix: (0x0A80_0000 | UInt32(truncatingIfNeeded: address.lo & 0x7F_FFFF)).bigEndianBytes
        case .none: [0, 0, 0, 0]
        }
    }

    private static func packet(_ bytes: RawSpan, _ source: Address, _ destination: Address) -> [UInt8] {
        var (from, to) = (ip(source), ip(destination))
        // A datagram has one family: an unknown end takes that of the other.
        if from.count != to.count {
            if from.count == 4 {
                from = [UInt8](repeating: 0, count: 16)
            } else {
                to = [UInt8](repeating: 0, count: 16)
            }
        }
        let body = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0.prefix(65_507)) }
        let length = UInt16(8 + body.count)
        var udp = source.port.bigEndianBytes + destination.port.bigEndianBytes + length.bigEndianBytes + [0, 0]
        guard from.count == 16 else {
            var head: [UInt8] = [0x45, 0] + UInt16(20 + Int(length)).bigEndianBytes + [0, 0, 0, 0, 64, 17, 0, 0]
            head += from + to
            let sum = checksum([head])
            (head[10], head[11]) = (sum[0], sum[1])
            return head + udp + body
        }
        let pseudo = from + to + UInt32(length).bigEndianBytes + [0, 0, 0, 17]
        let sum = checksum([pseudo, udp, body])
        (udp[6], udp[7]) = sum == [0, 0] ? (0xFF, 0xFF) : (sum[0], sum[1])
        return [0x60, 0, 0, 0] + length.bigEndianBytes + [17, 64] + from + to + udp + body
    }

    /// The internet checksum over parts of which all but the last have an even length.
    private static func checksum(_ parts: [[UInt8]]) -> [UInt8] {
        var sum: UInt32 = 0
        for part in parts {
            for index in part.indices { sum += UInt32(part[index]) << (index % 2 == 0 ? 8 : 0) }
            sum = (sum & 0xFFFF) + sum >> 16
        }
        while sum > 0xFFFF { sum = (sum & 0xFFFF) + sum >> 16 }
        return (~UInt16(truncatingIfNeeded: sum)).bigEndianBytes
    }

    /// Little-endian fields of a block.
    private struct Bytes {
        var bytes: [UInt8] = []

        mutating func add(_ more: [UInt8]) { bytes += more }
        mutating func add16(_ value: UInt16) { bytes += value.bigEndianBytes.reversed() }
        mutating func add32(_ value: UInt32) { bytes += value.bigEndianBytes.reversed() }
        mutating func add64(_ value: UInt64) { bytes += value.bigEndianBytes.reversed() }
        mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }

        mutating func addOption(_ code: UInt16, _ value: [UInt8]) {
            let value = value.prefix(65_535)
            add16(code)
            add16(UInt16(value.count))
            bytes += value
            pad()
        }

        mutating func endOptions() { add32(0) }
    }
}

extension FixedWidthInteger {
    fileprivate var bigEndianBytes: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}

extension Trace {
    /// The datagrams as a capture file for Wireshark: see ``PcapngWriter``.
    ///
    /// A datagram of a simulated network stands in it once, when it was sent, with what became of it; once more as it
    /// arrived if it was altered on the way. Of a real transport it holds what was sent and what was received.
    ///
    /// - Parameter describe: what the bytes mean, for the comments.
    public func pcapng(describe: Describe? = nil) -> [UInt8] {
        var file: [UInt8] = []
        let writer = PcapngWriter { file += $0 }
        var named: Set<Address> = []
        for index in 0..<count {
            let event = event(index)
            let isAltered = !event.marks.isDisjoint(with: [.corrupted, .truncated])
            let isShown = event.kind == .sent || event.kind == .received && (event.flight == 0 || isAltered)
            guard isShown else { continue }
            for address in [event.local, event.peer] where named.insert(address).inserted {
                writer.name(address, name(of: address))
            }
            let words = [describe.flatMap { describe in withBytes(index) { describe($0) } }, fate(of: event)]
            let comment = words.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "; ")
            let isOutbound = event.kind == .sent
            let (from, to) = isOutbound ? (event.local, event.peer) : (event.peer, event.local)
            withBytes(index) {
                writer.add($0, from: from, to: to, at: event.tyme, isOutbound: isOutbound, comment: comment)
            }
        }
        return file
    }
}
