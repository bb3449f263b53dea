import Doing
import Wiring

/// Writes a capture file that Wireshark and tshark open, block by block.
///
/// Each datagram becomes an IP packet with a UDP header, and each segment of a byte stream one with a TCP header, whose
/// numbers are counted so that Wireshark joins the stream. Internet addresses are the real ones. Hosts of a simulated
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
        let (ip, name) = (Self.ip(address), Self.front(of: name, 1000))
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
        let packet = Self.packet(bytes, nil, source, destination)
        let cut = max(0, bytes.byteCount - Self.longestBody)
        write(packet, length: packet.count + cut, at: tyme, isOutbound, comment)
    }

    /// Adds a segment of a byte stream, as TCP: at most 65,000 bytes of it.
    func add(
        _ bytes: RawSpan, _ head: TCPPlaces.Head, from source: Address, to destination: Address, at tyme: Tyme,
        isOutbound: Bool, comment: String
    ) {
        let packet = Self.packet(bytes, head, source, destination)
        write(packet, length: packet.count, at: tyme, isOutbound, comment)
    }

    /// - Parameter length: how long the packet was before it was cut to what IP can hold.
    private func write(_ packet: [UInt8], length: Int, at tyme: Tyme, _ isOutbound: Bool, _ comment: String) {
        let nanoseconds = UInt64(min(max(0, tyme), 1e10) * 1e9)
        var block = Bytes()
        block.add32(0)
        block.add32(UInt32(nanoseconds >> 32))
        block.add32(UInt32(truncatingIfNeeded: nanoseconds))
        block.add32(UInt32(packet.count))
        block.add32(UInt32(clamping: length))
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

    /// Bytes of a datagram that an IP packet holds at most. Unix datagrams may be longer.
    private static let longestBody = 65_507

    /// As many characters of a text as `count` bytes hold.
    private static func front(of text: String, _ count: Int) -> String {
        guard text.utf8.count > count else { return text }
        var front = ""
        for character in text {
            guard front.utf8.count + character.utf8.count <= count else { break }
            front.append(character)
        }
        return front
    }

    /// Both ends as bytes of IP of one length. Beside an IPv6 end an IPv4 one is `::ffff:a.b.c.d`, as with a socket for
    /// both, and one that is not known is zeros.
    private static func ips(_ source: Address, _ destination: Address) -> (from: [UInt8], to: [UInt8]) {
        let (from, to) = (ip(source), ip(destination))
        guard from.count != to.count else { return (from, to) }
        func wide(_ address: Address, _ ip: [UInt8]) -> [UInt8] {
            guard ip.count == 4 else { return ip }
            if address.family == .none { return [UInt8](repeating: 0, count: 16) }
            return [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + ip
        }
        return (wide(source, from), wide(destination, to))
    }

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

    private static func packet(
        _ bytes: RawSpan, _ head: TCPPlaces.Head?, _ source: Address, _ destination: Address
    ) -> [UInt8] {
        let (from, to) = ips(source, destination)
        let body = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0.prefix(head == nil ? longestBody : 65_000)) }
        let ports = source.port.bigEndianBytes + destination.port.bigEndianBytes
        var transport = head.map { tcp($0, ports) } ?? ports + UInt16(8 + body.count).bigEndianBytes + [0, 0]
        let kind: UInt8 = head == nil ? 17 : 6
        let length = UInt16(transport.count + body.count)
        if head != nil || from.count == 16 {
            let pseudo = from + to + UInt32(length).bigEndianBytes + [0, 0, 0, kind]
            let sum = checksum([pseudo, transport, body])
            let place = head == nil ? 6 : 16
            // A sum of 0 would say that UDP has none.
            let bytes = head == nil && sum == [0, 0] ? [0xFF, 0xFF] : sum
            (transport[place], transport[place + 1]) = (bytes[0], bytes[1])
        }
        guard from.count == 4 else {
            return [0x60, 0, 0, 0] + length.bigEndianBytes + [kind, 64] + from + to + transport + body
        }
        var ip: [UInt8] = [0x45, 0] + (20 + length).bigEndianBytes + [0, 0, 0, 0, 64, kind, 0, 0]
        ip += from + to
        let sum = checksum([ip])
        (ip[10], ip[11]) = (sum[0], sum[1])
        return ip + transport + body
    }

    /// A head of TCP, its sum still 0. The window is told as open, since a trace knows nothing of it.
    private static func tcp(_ head: TCPPlaces.Head, _ ports: [UInt8]) -> [UInt8] {
        ports + head.sequence.bigEndianBytes + (head.acknowledged ?? 0).bigEndianBytes + [5 << 4, head.flags]
            + [0xFF, 0xFF, 0, 0, 0, 0]
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
    /// The datagrams and streams as a capture file for Wireshark: see ``PcapngWriter``.
    ///
    /// A datagram of a simulated network stands in it once, when it was sent, with what became of it; once more as it
    /// arrived if it was altered on the way. A segment of a stream stands in it each time it was sent. Of a real
    /// transport it holds what was sent and what was received; of a stream watched at both ends, only what was sent.
    ///
    /// - Parameter describe: what the bytes mean, for the comments.
    public func pcapng(describe: Describe? = nil) -> [UInt8] {
        var file: [UInt8] = []
        let writer = PcapngWriter { file += $0 }
        var named: Set<Address> = []
        var places = TCPPlaces()
        let seen = streamsSent
        for index in 0..<count {
            let event = event(index)
            let isOutbound = event.kind == .sent
            let (from, to) = isOutbound ? (event.local, event.peer) : (event.peer, event.local)
            let isStream = event.marks.contains(.stream)
            if isStream, event.kind == .received { places.receive(event) }
            if isStream, event.kind == .dropped { places.drop(event) }
            let isAltered = !isStream && !event.marks.isDisjoint(with: [.corrupted, .truncated])
            let isReal = event.flight == 0 && !(isStream && seen.contains([from, to]))
            guard isOutbound || event.kind == .received && (isReal || isAltered) else { continue }
            for address in [event.local, event.peer] where named.insert(address).inserted {
                writer.name(address, name(of: address))
            }
            let words = [describe.flatMap { describe in withBytes(index) { describe($0) } }, fate(of: event)]
            let comment = words.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "; ")
            guard isStream else {
                withBytes(index) {
                    writer.add($0, from: from, to: to, at: event.tyme, isOutbound: isOutbound, comment: comment)
                }
                continue
            }
            var start = 0
            repeat {
                let end = min(start + 65_000, length(index))
                let head = places.send(event, from: from, to: to, length: end - start)
                withBytes(index) {
                    writer.add(
                        $0.extracting(start..<end), head, from: from, to: to, at: event.tyme, isOutbound: isOutbound,
                        comment: comment)
                }
                start = end
            } while start < length(index)
        }
        return file
    }

    /// The directions of streams that are watched where they are sent: from, to.
    private var streamsSent: Set<[Address]> {
        var ways: Set<[Address]> = []
        for index in 0..<count where event(index).kind == .sent && event(index).marks.contains(.stream) {
            ways.insert([event(index).local, event(index).peer])
        }
        return ways
    }
}
