import Wiring

/// How segments to and from a peer are authenticated.
///
/// Every segment that leaves carries the ciphersuite and the name of the first key in front of its content, and a value
/// behind it that only who has the key can make. Of what arrives, a segment is taken if one value that it carries
/// verifies by one of the keys; all others are counted, and dropped. So is a segment without any.
///
/// No released ION or HDTN has a working one: what decides here is the text of the RFC, and vectors that another hand
/// has made of it.
///
/// - Source: RFC 5327, 2.1.
public struct LTPAuthentication: Hashable, Sendable {
    /// What makes the value, by its number on the wire.
    public enum Ciphersuite: Hashable, Sendable {
        /// 0: HMAC-SHA1-80, ten bytes.
        case hmacSHA1
        /// 255: the same with a key that everybody knows, so a checksum of ten bytes and no more.
        case null
        /// 1 for RSA-SHA256, or one of private use, 192 to 254: by the ``LTPEngine/signer`` of the engine.
        case signer(UInt8)

        /// The number of the suite on the wire.
        public var number: UInt8 {
            switch self {
            case .hmacSHA1: 0
            case .null: 255
            case .signer(let number): number
            }
        }
    }

    /// A key with its name.
    public struct Key: Hashable, Sendable {
        /// What names it on the wire; empty for no name.
        public var id: [UInt8]
        /// The secret; of no meaning for suites of a signer and for ``Ciphersuite/null``.
        public var secret: [UInt8]

        /// A key.
        public init(id: [UInt8] = [], secret: [UInt8] = []) {
            self.id = id
            self.secret = secret
        }
    }

    /// The suite that is used, and the only one that is taken.
    public var suite: Ciphersuite
    /// The first one is used, each is taken: so keys can change while blocks are under way. At least one, at most 4.
    public var keys: [Key]

    /// - Parameters:
    ///   - suite: the ciphersuite.
    ///   - keys: 1 to 4 keys; one without name or secret where the suite needs none.
    public init(_ suite: Ciphersuite, keys: [Key] = [Key()]) {
        self.suite = suite
        self.keys = keys
    }

    /// The key of ``Ciphersuite/null``, which the RFC publishes.
    static let nullKey: [UInt8] = [
        0xC3, 0x7B, 0x7E, 0x64, 0x92, 0x58, 0x43, 0x40, 0xBE, 0xD1, 0x22, 0x07, 0x80, 0x89, 0x41, 0x15, 0x50, 0x68,
        0xF7, 0x38,
    ]

    /// - Throws: ``LTPError/badValue(name:value:allowed:)``.
    func check() throws(LTPError) {
        guard (1...4).contains(keys.count) else {
            throw .badValue(name: "authentication.keys", value: "\(keys.count) keys", allowed: "1 to 4")
        }
        for key in keys {
            guard key.id.count <= 64 else {
                throw .badValue(name: "authentication.keys.id", value: "\(key.id.count) bytes", allowed: "at most 64")
            }
            guard suite != .hmacSHA1 || key.secret.count >= 10 else {
                // Ten bytes of code are no better than their key.
                throw .badValue(
                    name: "authentication.keys.secret", value: "\(key.secret.count) bytes", allowed: "at least 10")
            }
        }
        guard case .signer(let number) = suite else { return }
        guard number == 1 || (192...254).contains(number) else {
            throw .badValue(name: "authentication.suite", value: "\(number)", allowed: "1, or 192 to 254")
        }
    }
}

/// Makes and verifies the signatures of ``LTPAuthentication/Ciphersuite/signer(_:)``, with whatever library the user
/// has: RSA needs numbers of thousands of bits, which this package does not bring.
public protocol LTPSigner: AnyObject {
    /// Bytes of each signature: 256 for RSA with 2048 bits. The same for as long as an engine has the signer.
    var signatureBytes: Int { get }

    /// The signature of a segment, ``signatureBytes`` long.
    ///
    /// - Parameters:
    ///   - segment: all of it up to the signature, with the tag and the length of the extension that it stands in.
    ///   - key: the name of the key that is to be used.
    ///   - peer: the engine that the segment goes to.
    func sign(_ segment: RawSpan, key: [UInt8], to peer: UInt64) -> [UInt8]

    /// Whether a signature is that of a segment, by the key of this name of the engine `peer`.
    func verify(_ signature: RawSpan, of segment: RawSpan, key: [UInt8], from peer: UInt64) -> Bool
}

extension LTPAuthentication {
    /// The bytes of a segment with its extensions of authentication, as an engine sends them: for tests, tools, and
    /// whoever speaks the protocol by hand.
    ///
    /// - Parameters:
    ///   - segment: with room for one extension more in front of the content and one behind it.
    ///   - signer: for suites that have one.
    ///   - peer: the engine that it goes to.
    public func seal(_ segment: LTPSegment, signer: (any LTPSigner)? = nil, to peer: UInt64 = 0) -> [UInt8] {
        let security = PeerSecurity(self)
        var segment = segment
        let header = [suite.number] + keys[0].id
        segment.headerExtensions.insert(LTPExtension(tag: PeerSecurity.tag, value: header), at: 0)
        // With a value of no bytes to begin with: the counts are those of the whole.
        segment.trailerExtensions.append(LTPExtension(tag: PeerSecurity.tag, value: []))
        let bytes = segment.bytes.dropLast(2)
        return Burst().lend { (out: inout OutputRawSpan) -> [UInt8] in
            unsafe out.append(contentsOf: Array(bytes).span.bytes)
            security.seal(&out, from: 0, signer, to: peer)
            return unsafe out.bytes.withUnsafeBytes { unsafe Array($0) }
        }
    }

    /// Whether a datagram of one segment would be taken.
    public func verifies(_ bytes: RawSpan, signer: (any LTPSigner)? = nil, from peer: UInt64 = 0) -> Bool {
        guard let view = try? SegmentView(bytes) else { return false }
        return PeerSecurity(self).verifies(view, bytes, signer, from: peer)
    }
}
