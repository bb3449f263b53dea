/// Why a text is no fault, or a plan does not fit its network. Each names the word.
public enum FaultError: Error, Hashable, CustomStringConvertible {
    /// The first word names no effect.
    case unknownEffect(String)
    /// The effect needs a word that is not there.
    case missing(String, fault: String)
    /// A word that cannot be what it should be.
    case badWord(String, name: String, expected: String, fault: String)
    /// A word too many.
    case extraWord(String, fault: String)
    /// Two faults of a plan have this number.
    case doubleNumber(Int)
    /// More faults than ``FaultPlan/limit``.
    case tooManyFaults(Int)
    /// A text longer than ``FaultPlan/textLimit`` bytes.
    case textTooLong(Int)
    /// The network has no host of this name.
    case unknownHost(String, fault: String)
    /// The network knows no kind of datagram of this name.
    case unknownKind(String, fault: String)

    public var description: String {
        switch self {
        case .unknownEffect(let word):
            "\"\(word)\" is no fault: expected \(Fault.Effect.words.joined(separator: ", "))"
        case .missing(let what, let fault): "\"\(fault)\": \(what) is missing"
        case .badWord(let word, let name, let expected, let fault):
            "\"\(fault)\": \(name) \"\(word)\": expected \(expected)"
        case .extraWord(let word, let fault): "\"\(fault)\": what is \"\(word)\"?"
        case .doubleNumber(let number): "#\(number) stands there twice"
        case .tooManyFaults(let count): "\(count) faults: expected at most \(FaultPlan.limit)"
        case .textTooLong(let count): "a plan of \(count) bytes: expected at most \(FaultPlan.textLimit)"
        case .unknownHost(let name, let fault): "\"\(fault)\": there is no host \"\(name)\""
        case .unknownKind(let name, let fault):
            "\"\(fault)\": there is no kind of datagram \"\(name)\"; name it in the kinds of the net"
        }
    }
}
