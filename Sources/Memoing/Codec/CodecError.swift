/// Why a text or a run of bytes is no id, key, seed, signature or number.
public enum CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text does not begin with the code that the value needs, or the code given is none of them.
    case wrongCode(field: String, code: String)
    /// Too few or too many characters (of text) or bytes (of raw material).
    case wrongSize(field: String, have: Int, need: Int)
    /// A byte outside the base64url alphabet `A-Z a-z 0-9 - _`, counted from 0.
    case badCharacter(field: String, at: Int)
    /// The bits between the code and the raw bytes are not zero.
    case nonzeroPad(field: String)
    /// A number that does not fit into the 24 bits of its field.
    case outOfRange(field: String, value: Int, limit: Int)

    public var description: String {
        switch self {
        case .wrongCode(let field, let code): "\(field): wrong code \"\(code)\""
        case .wrongSize(let field, let have, let need): "\(field): size \(have), expected \(need)"
        case .badCharacter(let field, let at): "\(field): character \(at) is not of the base64url alphabet"
        case .nonzeroPad(let field): "\(field): pad bits are not zero"
        case .outOfRange(let field, let value, let limit): "\(field): \(value), expected 0 to \(limit)"
        }
    }
}
