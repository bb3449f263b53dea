import Wiring

/// A memo that has arrived whole.
public struct Memo: Hashable, Sendable {
    /// What was sent, byte for byte.
    public var bytes: [UInt8]
    /// Where its first gram came from; for an answer.
    public var source: Address
    /// Who signed every gram of it, or nil for an unsigned memo.
    ///
    /// Anyone can make a key and sign with it: ask whether you know the vid.
    public var vid: Vid?
    /// Its id.
    public var mid: Mid

    /// A memo.
    public init(bytes: [UInt8], source: Address, vid: Vid? = nil, mid: Mid) {
        self.bytes = bytes
        self.source = source
        self.vid = vid
        self.mid = mid
    }

    /// The memo as text, or nil if it is not strict UTF-8. Nothing is normalised or repaired.
    ///
    /// - Complexity: linear: it is decoded each time.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    /// Computed, since a stored static asks at every use whether it has been made.
    static var nothing: Memo { Memo(bytes: [], source: .none, mid: Mid(high: 0, low: 0)) }
}
