/// Why a file is refused as a recording: what is wrong, and at which byte. Or why nothing more could be recorded.
public enum RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It does not begin as a recording does.
    case noRecording
    /// It was written in a version of the format that is not read.
    case version(UInt32)
    /// It ends in the middle of something.
    case truncated(at: Int, need: Int, have: Int)
    /// A checksum does not match what it stands for.
    case corrupt(at: Int, what: String)
    /// The checksums match, but a record says what none can say.
    case malformed(at: Int, what: String)
    /// It ends without the end mark: the program that wrote it was stopped.
    case unfinished(at: Int)
    /// Something of so many bytes was to be recorded at once: more than a record holds, 2^26.
    case tooLong(Int)
    /// More than 65,535 sources lived at a time when it was written.
    case tooManySources
    /// It was recorded by something else than what shall replay it.
    case mismatch(String)

    public var description: String {
        switch self {
        case .noRecording: "not a recording: it does not begin with TYMISTRC"
        case .version(let version):
            "a recording of version \(version); this program reads versions "
                + "\(RecordingFormat.readable.lowerBound) and \(RecordingFormat.readable.upperBound)"
        case .truncated(let at, let need, let have):
            "cut short at byte \(at): \(need) bytes should follow, \(have) do"
        case .corrupt(let at, let what): "corrupt at byte \(at): the checksum of the \(what) does not match"
        case .malformed(let at, let what): "malformed at byte \(at): \(what)"
        case .unfinished(let at): "unfinished: no end mark at byte \(at); the program that wrote it was stopped"
        case .tooLong(let count):
            "\(count) bytes at once are more than a record holds: \(RecordingFormat.longestRecord)"
        case .tooManySources: "more than 65535 streams and other sources at a time cannot be recorded"
        case .mismatch(let what): what
        }
    }
}
