/// What a gram is: the first field of its head.
///
/// - Source: hio `core/memo/memoing.py`, `MemoDex`.
public enum GramCode: String, Hashable, Sendable, CaseIterable {
    /// First gram of a plain memo.
    case plainZeroth = "bAAA"
    /// Later gram of a plain memo.
    case plainLater = "bAAB"
    /// First gram of a signed memo.
    case signedZeroth = "bAAC"
    /// Later gram of a signed memo.
    case signedLater = "bAAD"
    /// First gram of a sure memo.
    case sureZeroth = "bAAE"
    /// Later gram of a sure memo.
    case sureLater = "bAAF"
    /// First gram of a sure, signed memo.
    case sureSignedZeroth = "bAAG"
    /// Later gram of a sure, signed memo.
    case sureSignedLater = "bAAH"
    /// Acknowledgement of a sure gram.
    case ack = "bAAI"
    /// Signed acknowledgement of a sure, signed gram.
    case signedAck = "bAAJ"

    /// The code whose 24 bits are `bits`; `bAAA` is `0x6C0000`.
    @inlinable @inline(__always) init?(bits: UInt32) {
        switch bits &- 0x6C_0000 {
        case 0: self = .plainZeroth
        case 1: self = .plainLater
        case 2: self = .signedZeroth
        case 3: self = .signedLater
        case 4: self = .sureZeroth
        case 5: self = .sureLater
        case 6: self = .sureSignedZeroth
        case 7: self = .sureSignedLater
        case 8: self = .ack
        case 9: self = .signedAck
        default: return nil
        }
    }

    /// The 24 bits that the four characters stand for.
    @inlinable var bits: UInt32 {
        switch self {
        case .plainZeroth: 0x6C_0000
        case .plainLater: 0x6C_0001
        case .signedZeroth: 0x6C_0002
        case .signedLater: 0x6C_0003
        case .sureZeroth: 0x6C_0004
        case .sureLater: 0x6C_0005
        case .sureSignedZeroth: 0x6C_0006
        case .sureSignedLater: 0x6C_0007
        case .ack: 0x6C_0008
        case .signedAck: 0x6C_0009
        }
    }

    /// True for the first gram of a memo: it holds the count of grams where the others hold their number.
    @inlinable @inline(__always) public var isZeroth: Bool {
        switch self {
        case .plainZeroth, .signedZeroth, .sureZeroth, .sureSignedZeroth: true
        case .plainLater, .signedLater, .sureLater, .sureSignedLater, .ack, .signedAck: false
        }
    }

    /// True if the gram ends with a signature.
    @inlinable @inline(__always) public var isSigned: Bool {
        switch self {
        case .signedZeroth, .signedLater, .sureSignedZeroth, .sureSignedLater, .signedAck: true
        case .plainZeroth, .plainLater, .sureZeroth, .sureLater, .ack: false
        }
    }

    /// True if the gram asks for an acknowledgement.
    @inlinable @inline(__always) public var isSure: Bool {
        switch self {
        case .sureZeroth, .sureLater, .sureSignedZeroth, .sureSignedLater: true
        case .plainZeroth, .plainLater, .signedZeroth, .signedLater, .ack, .signedAck: false
        }
    }

    /// True if the gram is an acknowledgement. Acks end a process of hio 0.7.20: send one only where it was asked for.
    @inlinable @inline(__always) public var isAck: Bool { self == .ack || self == .signedAck }

    /// The code of the later grams of a memo whose first gram has this one; nil for every other code.
    @inlinable public var following: GramCode? {
        switch self {
        case .plainZeroth: .plainLater
        case .signedZeroth: .signedLater
        case .sureZeroth: .sureLater
        case .sureSignedZeroth: .sureSignedLater
        case .plainLater, .signedLater, .sureLater, .sureSignedLater, .ack, .signedAck: nil
        }
    }

    /// The kind of memo that grams of this code belong to; nil for acknowledgements.
    @inlinable public var kind: MemoKind? {
        switch self {
        case .plainZeroth, .plainLater: .plain
        case .signedZeroth, .signedLater: .signed
        case .sureZeroth, .sureLater: .sure
        case .sureSignedZeroth, .sureSignedLater: .sureSigned
        case .ack, .signedAck: nil
        }
    }

    /// The sizes of the fields of a gram of this code.
    @inlinable public var layout: GramLayout {
        let hasVid = isSigned && (isZeroth || isAck)
        return GramLayout(vid: hasVid ? 44 : 0, signature: isSigned ? 88 : 0)
    }
}
