/// Where a datagram comes from or goes to: 24 bytes, compared and hashed as three words.
///
/// An address is a value of one of four families. The internet families carry all they mean. A Unix path does
/// not fit into 24 bytes, so such an address holds a number that the transport which made it has given to the
/// path; ask that transport to ``DatagramTransport/describe(_:)`` it. Numbers are never used twice by one
/// transport, so an address whose path has been forgotten reaches nobody rather than somebody else.
public struct Address: Hashable, Sendable {
    /// family << 48 | port << 32 | scope
    public let tag: UInt64
    /// The high half of an IPv6 address, in host order; 0 in every other family.
    public let hi: UInt64
    /// The low half of an IPv6 address, the IPv4 address, the path's number, or the simulated host's number.
    public let lo: UInt64

    /// What kind of place an address names.
    public enum Family: UInt16, Sendable {
        /// No address at all: nothing can be sent there.
        case none = 0
        /// A Unix-domain path, known to its transport by number.
        case unix = 1
        /// A host of a simulated network.
        case host = 2
        /// An IPv4 address and port.
        case ip4 = 4
        /// An IPv6 address, port and scope.
        case ip6 = 6
    }

    /// An address from its three words, as a transport's C side hands it over.
    @inlinable public init(tag: UInt64, hi: UInt64, lo: UInt64) {
        self.tag = tag
        self.hi = hi
        self.lo = lo
    }

    @inlinable init(_ family: Family, port: UInt16 = 0, scope: UInt32 = 0, hi: UInt64 = 0, lo: UInt64) {
        self.init(tag: UInt64(family.rawValue) << 48 | UInt64(port) << 32 | UInt64(scope), hi: hi, lo: lo)
    }

    /// The address of nobody: the source of a datagram whose sender has no name.
    public static let none = Address(.none, lo: 0)

    /// An IPv4 address: `127.0.0.1` is `0x7F00_0001`.
    @inlinable public static func ip4(_ host: UInt32, port: UInt16) -> Address {
        Address(.ip4, port: port, lo: UInt64(host))
    }

    /// An IPv6 address as two halves in host order; `::1` is `(0, 1)`. `scope` is the interface of a link-local one.
    ///
    /// An IPv4-mapped address (`::ffff:a.b.c.d`) becomes the IPv4 address that it stands for, so that a peer has one
    /// address whichever way its datagram came in.
    @inlinable public static func ip6(_ hi: UInt64, _ lo: UInt64, port: UInt16, scope: UInt32 = 0) -> Address {
        if hi == 0, lo >> 32 == 0xFFFF { return .ip4(UInt32(truncatingIfNeeded: lo), port: port) }
        return Address(.ip6, port: port, scope: scope, hi: hi, lo: lo)
    }

    /// A Unix path by the number its transport gave it.
    @inlinable public static func unix(_ number: UInt64) -> Address { Address(.unix, lo: number) }

    /// A port of a host of a simulated network.
    @inlinable public static func host(_ number: UInt64, port: UInt16 = 0) -> Address {
        Address(.host, port: port, lo: number)
    }

    /// What kind of place this is; an unknown tag reads as ``Family/none``.
    @inlinable public var family: Family { Family(rawValue: UInt16(truncatingIfNeeded: tag >> 48)) ?? .none }

    /// The port, 0 where the family has none.
    @inlinable public var port: UInt16 { UInt16(truncatingIfNeeded: tag >> 32) }

    /// The IPv6 scope (interface number), 0 where there is none.
    @inlinable public var scope: UInt32 { UInt32(truncatingIfNeeded: tag) }

    /// True for the address of nobody.
    @inlinable public var isNone: Bool { family == .none }

    /// The same host at another port.
    public func with(port: UInt16) -> Address {
        Address(family, port: port, scope: scope, hi: hi, lo: lo)
    }
}

extension Address: Comparable {
    /// Orders by the three words: a total order that is the same in every process.
    @inlinable public static func < (a: Address, b: Address) -> Bool {
        (a.tag, a.hi, a.lo) < (b.tag, b.hi, b.lo)
    }
}
