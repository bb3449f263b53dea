import Wiring

/// The words of the format; see <doc:RecordedRuns>.
enum RecordingFormat {
    /// The first eight bytes of a file: `TYMISTRC`.
    static let magic: UInt64 = 0x4352_5453_494D_5954
    static let version: UInt32 = 3
    /// What can be read: version 2 is version 3 without streams.
    static let readable: ClosedRange<UInt32> = 2...version
    /// Before the header's body: magic, version, length, checksum.
    static let headLength = 24
    /// The first word of a chunk: `TYCK`.
    static let chunkMagic: UInt32 = 0x4B43_5954
    /// Before the records of a chunk: magic, number, length, checksum.
    static let chunkHeadLength = 24
    /// Before the bytes of a train, or before their length and sum: peer, segment, how many were taken, error number.
    static let trainHeadLength = 40
    /// Before the bytes that a stream took, or before their length and sum: how many were offered.
    static let writeHeadLength = 8
    static let longestHeader = 1 << 24
    /// Arguments of a program.
    static let mostArguments = 1 << 16
    /// Of one record, so that a length that was made up allocates nothing.
    static let longestRecord = 1 << 26

    /// What a record is.
    enum Kind: UInt8 {
        case start = 1, source, wake, pass, exit, end
        case opened = 16, received, nothing, sent, room, readiness, wakeTyme, described, failed, input, sentSum
        case begun = 32, connected, accepted, read, ended, readLost, wrote, wroteSum, writeLost, finished, closed,
            reset, place, connecting

        /// Whether it is of a call that has brought nothing, and so has left the room empty that it was lent.
        var tellsOfNothing: Bool {
            switch self {
            case .nothing, .failed, .ended, .readLost: true
            default: false
            }
        }

        /// How many bytes of the body come before a run of bytes that has a sum of its own; nil if there is none.
        var runOffset: Int? {
            switch self {
            case .received, .sent: RecordingFormat.trainHeadLength
            case .input, .read: 0
            case .wrote: RecordingFormat.writeHeadLength
            default: nil
            }
        }
    }
}
