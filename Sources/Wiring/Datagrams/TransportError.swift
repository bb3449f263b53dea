/// A transport that cannot be opened or has become unusable.
public enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed: its name, the error number and its text, and what it was about (an address, a path).
    case system(call: String, code: Int32, reason: String, subject: String)
    /// The transport was used while it was not open.
    case notOpen(subject: String)
    /// A value that the user gave cannot be used: what it is, what it was, and what is allowed.
    case badValue(name: String, value: String, allowed: String)

    public var description: String {
        switch self {
        case .system(let call, let code, let reason, let subject): "\(subject): \(call): \(reason) (errno \(code))"
        case .notOpen(let subject): "\(subject) is not open"
        case .badValue(let name, let value, let allowed): "\(name) \(value): expected \(allowed)"
        }
    }
}
