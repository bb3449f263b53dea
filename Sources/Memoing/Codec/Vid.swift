/// Who signs: the id of a signer, as the first gram of a signed memo carries it.
///
/// A vid says which key to check a signature with. It says nothing about who holds that key: anyone can make a
/// ``Code/key`` vid, so ask whether you know the vid before you trust what is signed by it.
///
/// - Source: hio `core/memo/memoing.py`, `_encodeVID`; CESR codes `B`, `D` and `E`.
public struct Vid: Hashable, Sendable {
    /// What the 32 bytes of a vid are.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// `B`: the Ed25519 verification key itself.
        case key = "B"
        /// `D`: an Ed25519 key under which the keep holds the one in use.
        case prefix = "D"
        /// `E`: a Blake3 digest under which the keep holds the key.
        case digest = "E"

        /// The value of the code's character.
        var value: UInt8 {
            switch self {
            case .key: 1
            case .prefix: 3
            case .digest: 4
            }
        }

        /// The code whose character has `value`.
        init?(value: UInt8) {
            switch value {
            case 1: self = .key
            case 3: self = .prefix
            case 4: self = .digest
            default: return nil
            }
        }
    }

    /// What the 32 bytes are.
    public let code: Code
    let material: Bytes32

    init(_ code: Code, _ material: Bytes32) {
        self.code = code
        self.material = material
    }

    /// Reads `B`, `D` or `E` and 43 characters.
    ///
    /// - Throws: ``CodecError`` for another code, another size, a character outside the alphabet, pad bits set.
    public init(text: String) throws(CodecError) {
        guard let code = Code(rawValue: String(text.prefix(1))) else {
            throw .wrongCode(field: "vid", code: String(text.prefix(1)))
        }
        try self.init(code, Bytes32(text, code: Character(code.rawValue), field: "vid"))
    }

    /// A vid of 32 bytes and a code, by default a key.
    ///
    /// - Throws: ``CodecError/wrongCode(field:code:)`` unless the code is `B`, `D` or `E`,
    ///   ``CodecError/wrongSize(field:have:need:)`` unless there are 32 bytes.
    public init(raw: [UInt8], code: String = "B") throws(CodecError) {
        guard let code = Code(rawValue: code) else { throw .wrongCode(field: "vid", code: code) }
        try self.init(code, Bytes32(raw, field: "vid"))
    }

    /// The vid that is `key` itself.
    public init(_ key: VerifyKey) { self.init(.key, key.material) }

    /// The key that the vid itself is, if its code says so.
    public var key: VerifyKey? { code == .key ? VerifyKey(material) : nil }

    /// The 32 bytes.
    public var raw: [UInt8] { material.bytes }

    /// 44 characters.
    public var text: String { material.text(code: code.value) }
}

extension Vid: CustomStringConvertible, Comparable {
    /// The text.
    public var description: String { text }

    /// By code, then by bytes: a total order that is the same in every process.
    public static func < (a: Vid, b: Vid) -> Bool {
        a.code == b.code ? a.material < b.material : a.code.value < b.code.value
    }
}
