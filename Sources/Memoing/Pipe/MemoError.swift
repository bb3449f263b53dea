import Wiring

/// Why a memo is not sent. Nothing of it has been queued.
public enum MemoError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The memo has more bytes than the limit allows.
    case memoTooLarge(bytes: Int, limit: Int)
    /// The memo would need more grams than the wire can number.
    case tooManyGrams(count: Int, limit: Int)
    /// The gram size asked for is above what the transport carries.
    case gramSizeTooLarge(size: Int, maximum: Int)
    /// The transport carries less than the smallest gram of this kind.
    case transportTooSmall(maximum: Int, need: Int)
    /// A negative gram size.
    case badGramSize(Int)
    /// The queue already holds as many memos as it may: in all, or for one destination.
    case queueFull(memos: Int, limit: Int)
    /// The queue would hold more bytes than it may: in all, or for one destination.
    case queueBytesFull(bytes: Int, limit: Int)
    /// There are as many destinations as there may be.
    case tooManyDestinations(limit: Int)
    /// A signed memo needs a signer.
    case noSigner
    /// A signed memo needs a vid to be signed as.
    case noVid
    /// The keep has no seed for this vid, so nothing can be signed as it.
    case noSeed(Vid)
    /// The destination is nobody.
    case noDestination
    /// The signer refused.
    case signing(SignerError)
    /// A limit of ``MemoerLimits`` that makes no sense.
    case badLimit(String, value: Double)
    /// A value of ``SureOptions`` that makes no sense.
    case badOption(String, value: Double)

    /// A memo with options of its own must be sure, and one to a destination whose mode is ``SureOptions/Mode/off`` is
    /// not.
    case notSure

    public var description: String {
        switch self {
        case .memoTooLarge(let bytes, let limit): "memo of \(bytes) bytes, limit \(limit)"
        case .tooManyGrams(let count, let limit): "memo of \(count) grams, limit \(limit)"
        case .gramSizeTooLarge(let size, let maximum): "gram size \(size), the transport carries at most \(maximum)"
        case .transportTooSmall(let maximum, let need):
            "the transport carries at most \(maximum) bytes, the smallest gram of this kind has \(need)"
        case .badGramSize(let size): "gram size \(size), expected 0 or more"
        case .queueFull(let memos, let limit): "\(memos) memos are queued, limit \(limit)"
        case .queueBytesFull(let bytes, let limit): "\(bytes) bytes would be queued, limit \(limit)"
        case .tooManyDestinations(let limit): "memos are queued for \(limit) destinations, which is the limit"
        case .noSigner: "a signed memo needs a signer"
        case .noVid: "a signed memo needs a vid to be signed as"
        case .noSeed(let vid): "no seed is kept for \(vid)"
        case .noDestination: "the destination is nobody"
        case .signing(let error): "\(error)"
        case .badLimit(let name, let value): "limit \(name): \(value) makes no sense"
        case .notSure: "options of its own need a sure memo"
        case .badOption(let name, let value): "option \(name): \(value) makes no sense"
        }
    }
}
