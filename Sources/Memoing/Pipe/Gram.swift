/// One gram with its body: what ``pick(_:)->Gram`` makes of a datagram.
public struct Gram: Hashable, Sendable {
    /// Where its parts are, and what they say.
    public let view: GramView
    /// The slice of the memo that it carries.
    public let body: [UInt8]
}

/// What the head of a gram says, and where its body is in the bytes it was picked from.
///
/// A view is made without allocating, and holds no bytes but those of the head and the signature.
public struct GramView: Hashable, Sendable {
    /// What it is.
    public let code: GramCode
    /// How its head is written.
    public let domain: Domain
    /// 0 for the first gram of a memo, from 1 for the others.
    public let number: Int
    /// How many grams the memo has: on a first gram only, at least 1.
    public let count: Int?
    /// The memo's id.
    public let mid: Mid
    /// Who claims to have signed: on the first gram of a signed memo only.
    public let vid: Vid?
    /// The signature of all that stands in front of it; nil where there is none. It has not been checked.
    public let signature: Signature?
    /// Where the body is.
    public let body: Range<Int>
}
