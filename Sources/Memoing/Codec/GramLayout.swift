/// The sizes of the fields of a gram, in characters of the text domain; a binary field is three quarters of it.
///
/// - Source: hio `core/memo/memoing.py`, `Sizes`.
public struct GramLayout: Hashable, Sendable {
    /// The code.
    @inlinable public var code: Int { 4 }
    /// The count or number of grams.
    @inlinable public var number: Int { 4 }
    /// The memo's id.
    @inlinable public var mid: Int { 24 }
    /// The signer's id: 44, or 0 where there is none.
    public let vid: Int
    /// The signature behind the body: 88, or 0 where there is none.
    public let signature: Int

    @inlinable init(vid: Int, signature: Int) {
        self.vid = vid
        self.signature = signature
    }

    /// Bytes in front of the body.
    @inlinable public func head(in domain: Domain) -> Int { domain.bytes(code + number + mid + vid) }

    /// Bytes behind the body.
    @inlinable public func tail(in domain: Domain) -> Int { domain.bytes(signature) }

    /// Bytes that are not body.
    @inlinable public func overhead(in domain: Domain) -> Int { domain.bytes(code + number + mid + vid + signature) }
}
