/// Why a text is no address.
public enum AddressError: Error, Hashable, CustomStringConvertible {
    /// No port after the last colon, or a port outside 0...65535.
    case badPort(String)
    /// The host is neither a numeric IPv4 nor a numeric IPv6 address. Names are not looked up here.
    case badHost(String)

    public var description: String {
        switch self {
        case .badPort(let text): "\"\(text)\": expected HOST:PORT with a port from 0 to 65535"
        case .badHost(let text):
            "\"\(text)\" is no numeric address: expected such as 127.0.0.1, localhost or ::1 ([::1]:PORT with a port)"
        }
    }
}

extension Address {
    /// Reads `127.0.0.1:5501`, `[::1]:5501` or `[fe80::1%2]:5501`; an empty host (`:5501`) means every IPv4 interface.
    ///
    /// No name is looked up, so nothing blocks: only numbers are understood, and `localhost`, which is 127.0.0.1
    /// everywhere (RFC 6761 §6.3).
    ///
    /// - Throws: ``AddressError`` with the text that was refused.
    public init(_ text: String) throws(AddressError) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = decimal(text.utf8[text.utf8.index(after: colon)...], below: 65536)
        else { throw .badPort(text) }
        try self.init(host: String(text[..<colon]), port: UInt16(port), in: text)
    }

    /// A numeric host (`127.0.0.1`, `::1`, `[::1]`, or empty for every IPv4 interface) and a port.
    ///
    /// - Throws: ``AddressError/badHost(_:)``.
    public init(host: String, port: UInt16) throws(AddressError) {
        try self.init(host: host, port: port, in: host)
    }

    private init(host: String, port: UInt16, in text: String) throws(AddressError) {
        var host = Substring(host)
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if bracketed { host = host.dropFirst().dropLast() }
        if host.isEmpty, !bracketed {
            self = .ip4(0, port: port)
        } else if !bracketed, let ip4 = parseIP4(host.utf8) {
            self = .ip4(ip4, port: port)
        } else if !bracketed, host == "localhost" {
            self = .ip4(0x7F00_0001, port: port)
        } else if bracketed || text == host, let (hi, lo, scope) = parseIP6(host) {
            self = .ip6(hi, lo, port: port, scope: scope)
        } else {
            throw .badHost(text)
        }
    }

    /// The host alone: `127.0.0.1`, `::1`, or for the other families what ``description`` says.
    public var host: String {
        switch family {
        case .ip4: formatIP4(UInt32(truncatingIfNeeded: lo))
        case .ip6: formatIP6(hi, lo) + (scope == 0 ? "" : "%\(scope)")
        case .host: "host\(lo)"
        case .unix: "path#\(lo)"
        case .none: "nobody"
        }
    }
}

extension Address: CustomStringConvertible {
    /// `127.0.0.1:5501`, `[::1]:5501`, `host3:0`, `path#7` or `nobody`; IPv6 after RFC 5952.
    public var description: String {
        switch family {
        case .ip4, .host: "\(host):\(port)"
        case .ip6: "[\(host)]:\(port)"
        case .unix, .none: host
        }
    }
}

private func decimal(_ digits: some Collection<UInt8>, below limit: Int) -> Int? {
    guard (1...10).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
        guard (0x30...0x39).contains(digit) else { return nil }
        value = value * 10 + Int(digit - 0x30)
    }
    return value < limit ? value : nil
}

/// Four decimal numbers without leading zeros, which some systems read as octal.
private func parseIP4(_ text: Substring.UTF8View) -> UInt32? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
        guard part.count == 1 || part.first != UInt8(ascii: "0"), let byte = decimal(part, below: 256) else {
            return nil
        }
        value = value << 8 | UInt32(byte)
    }
    return value
}

/// RFC 4291 §2.2, all three forms, with a numeric zone (RFC 4007 §11).
private func parseIP6(_ text: Substring) -> (hi: UInt64, lo: UInt64, scope: UInt32)? {
    var text = text
    var scope = 0
    if let percent = text.firstIndex(of: "%") {
        guard let zone = decimal(text[text.index(after: percent)...].utf8, below: 1 << 32) else { return nil }
        scope = zone
        text = text[..<percent]
    }
    let halves = splitAtDoubleColon(text)
    guard let head = parseGroups(halves.head) else { return nil }
    var groups = head
    if let tailText = halves.tail {
        guard let tail = parseGroups(tailText), head.count + tail.count < 8 else { return nil }
        groups += Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }
    guard groups.count == 8 else { return nil }
    let hi = groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }
    let lo = groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
    return (hi, lo, UInt32(scope))
}

private func splitAtDoubleColon(_ text: Substring) -> (head: Substring, tail: Substring?) {
    var index = text.startIndex
    while index < text.endIndex {
        let next = text.index(after: index)
        if text[index] == ":", next < text.endIndex, text[next] == ":" {
            return (text[..<index], text[text.index(after: next)...])
        }
        index = next
    }
    return (text, nil)
}

/// Colon-separated groups of one to four hex digits; the last may be a dotted IPv4 address.
private func parseGroups(_ text: Substring) -> [UInt16]? {
    if text.isEmpty { return [] }
    var groups: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
        if index == parts.count - 1, let ip4 = parseIP4(part.utf8) {
            groups += [UInt16(ip4 >> 16), UInt16(truncatingIfNeeded: ip4)]
        } else if (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
            let group = UInt16(part, radix: 16)
        {
            groups.append(group)
        } else {
            return nil
        }
    }
    return groups
}

private func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
}

private func formatIP4(_ host: UInt32) -> String {
    "\(host >> 24).\(host >> 16 & 255).\(host >> 8 & 255).\(host & 255)"
}

/// RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`.
private func formatIP6(_ hi: UInt64, _ lo: UInt64) -> String {
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? hi : lo) >> UInt64(48 - 16 * ($0 & 3))) }
    var best = 0..<0
    var start = 0
    while start < 8 {
        var end = start
        while end < 8, groups[end] == 0 { end += 1 }
        if end - start >= 2, end - start > best.count { best = start..<end }
        start = max(end, start + 1)
    }
    func text(_ part: ArraySlice<UInt16>) -> String {
        part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    if best.isEmpty { return text(groups[...]) }
    return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
}
