/// The four families of memos. The first gram of a memo fixes its family.
public enum MemoKind: String, Hashable, Sendable, CaseIterable {
    /// Neither signed nor acknowledged.
    case plain
    /// Every gram is signed.
    case signed
    /// Every gram is acknowledged.
    case sure
    /// Every gram is signed and acknowledged.
    case sureSigned

    /// The code of the first gram.
    @inlinable public var zeroth: GramCode {
        switch self {
        case .plain: .plainZeroth
        case .signed: .signedZeroth
        case .sure: .sureZeroth
        case .sureSigned: .sureSignedZeroth
        }
    }

    /// The code of the later grams.
    @inlinable public var later: GramCode {
        switch self {
        case .plain: .plainLater
        case .signed: .signedLater
        case .sure: .sureLater
        case .sureSigned: .sureSignedLater
        }
    }

    /// True if its grams are signed.
    @inlinable @inline(__always) public var isSigned: Bool { self == .signed || self == .sureSigned }

    /// True if its grams are acknowledged.
    @inlinable @inline(__always) public var isSure: Bool { self == .sure || self == .sureSigned }

    /// The same kind with signatures.
    @inlinable public var signed: MemoKind { isSure ? .sureSigned : .signed }
}
