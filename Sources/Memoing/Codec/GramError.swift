/// Why some bytes are no gram.
public enum GramError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first byte says neither text nor binary.
    case unknownDomain(UInt8)
    /// Fewer bytes than a gram of its code needs.
    case truncated(have: Int, need: Int)
    /// The code is none of ours.
    case unknownCode
    /// An acknowledgement: no part of a memo.
    case ack(GramCode)
    /// A field holds a byte outside the alphabet, bits where zeros belong, or another code than its own.
    case badField(Field)
    /// A later gram whose number is 0: only the first gram has that number, and a code that says so.
    case zeroNumber

    /// The fields of a gram.
    public enum Field: String, Hashable, Sendable, CaseIterable {
        /// The count or number.
        case number
        /// The memo's id.
        case mid
        /// The signer's id.
        case vid
        /// The signature.
        case signature
    }

    public var description: String {
        switch self {
        case .unknownDomain(let byte): "first byte 0x\(String(byte, radix: 16)): neither a text nor a binary gram"
        case .truncated(let have, let need): "\(have) bytes, a gram of this code needs \(need)"
        case .unknownCode: "unknown gram code"
        case .ack(let code): "\(code.rawValue): an acknowledgement is no part of a memo"
        case .badField(let field): "bad \(field.rawValue)"
        case .zeroNumber: "a later gram with number 0"
        }
    }
}
