import Doing
import Wiring

extension Flow {
    /// Reads the next packet, or as much of it as `count` allows, in place of what is in `buffer`.
    ///
    /// The rest of a packet stays and is read next, where the original loses it.
    ///
    /// - Parameters:
    ///   - count: bytes at most; at least 1.
    ///   - buffer: emptied, and filled with what was read.
    public func read(_ count: Int = .max, into buffer: inout [UInt8]) -> FlowRead {
        buffer.removeAll(keepingCapacity: true)
        return take(count) { buffer.append(contentsOf: $0) }
    }

    /// The next packet, or as much of it as `count` allows; nil if nothing is there now.
    public func read(_ count: Int = .max) -> [UInt8]? {
        var bytes: [UInt8] = []
        guard case .message = read(count, into: &bytes) else { return nil }
        return bytes
    }

    /// Lends the next packet, whole, to `body` and takes it away: nothing is copied. Nil if nothing is there now.
    public func withPacket<Result>(_ body: (RawSpan) -> Result) -> Result? {
        var result: Result?
        _ = take(.max) { result = body($0) }
        return result
    }

    /// The next packet as text, `count` bytes of it at most and never a part of a character; nil if nothing is there.
    ///
    /// Bytes that are no text read as U+FFFD.
    public func readline(_ count: Int = .max) -> String? {
        guard mayRead, !rx.isEmpty else { return nil }
        let range = rx.range(0)
        var end = range.count <= count ? range.count : max(1, count)
        if end < range.count {
            while end > 1, rx.bytes[range.lowerBound + end] & 0xC0 == 0x80 { end -= 1 }
        }
        return read(end).map { String(decoding: $0, as: UTF8.self) }
    }

    private var mayRead: Bool { flags.isDisjoint(with: [.writeOnly, .down]) }

    private func take(_ count: Int, _ body: (RawSpan) -> Void) -> FlowRead {
        guard mayRead else { return .notAllowed }
        guard !rx.isEmpty else { return end.map { .down($0) } ?? .empty }
        let range = rx.range(0)
        let most = max(1, count)
        let isLast = range.count <= most
        if !isLast, flags.contains(.noPartialRead) { return .tooSmall(need: range.count) }
        let upper = isLast ? range.upperBound : range.lowerBound + most
        body(rx.bytes.span.bytes.extracting(range.lowerBound..<upper))
        if isLast { rx.removeFirst() } else { rx.removeFirst(bytes: most) }
        if isLast { core?.didRead(self) }
        return .message(isLast: isLast)
    }
}

extension Flow {
    /// Writes one packet.
    @discardableResult public func write(_ bytes: [UInt8]) -> FlowWrite { write(bytes.span.bytes) }

    /// Writes one packet, a copy of these bytes.
    @discardableResult public func write(_ bytes: RawSpan) -> FlowWrite {
        if phase != .up {
            if let end { return .down(end) }
            return .notAllowed
        }
        guard flags.isDisjoint(with: [.readOnly, .down]) else { return .notAllowed }
        let count = min(bytes.byteCount, longest)
        if count < bytes.byteCount, flags.contains(.noPartialWrite) { return .tooLarge(limit: longest) }
        // An empty packet is a keep-alive on the wire, so an unnumbered one says nothing.
        if count == 0, sender == nil, receiver == nil { return .written(0) }
        if let group, !isRemoteMember { return group.relay(bytes.extracting(0..<count), from: self) }
        guard tx.charge < mostQueued else { return .full }
        tx.append(bytes.extracting(0..<count))
        if !isQueued { core?.queue(self) }
        return .written(count)
    }

    /// Writes text as one packet.
    @discardableResult public func write(_ text: String) -> FlowWrite { write(Array(text.utf8)) }

    /// Writes text, `count` bytes of it at most and never a part of a character.
    @discardableResult public func writeline(_ text: String, _ count: Int = .max) -> FlowWrite {
        let bytes = Array(text.utf8)
        var end = min(bytes.count, max(0, count))
        while end > 0, end < bytes.count, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return write(Array(bytes[..<end]))
    }

    /// Whether this end is a hub's way to a member elsewhere.
    var isRemoteMember: Bool { group != nil && endpoint != 0 }
}
