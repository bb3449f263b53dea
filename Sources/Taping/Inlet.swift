import Doing

/// Where a doer reads what comes from outside and from no transport: a console, a file, a clock of its own.
///
/// ```swift
/// let lines = inlet.take { readWhatIsThere() }  // recorded: what the closure gives is noted; replayed: not called
/// ```
/// One inlet for each such source, made in the same order when recording and replaying.
public final class Inlet {
    private enum Way {
        case live
        case recorded(Recorder, UInt16)
        case replayed(Replay, Int)
    }
    private let way: Way

    /// An inlet that is not recorded.
    public init() { way = .live }

    /// One whose bytes are noted; without a recorder they are not.
    public init(_ recorder: Recorder?, name: String) {
        way = recorder.map { .recorded($0, $0.source(name, .inlet)) } ?? .live
    }

    /// One that gives again what was noted.
    ///
    /// - Throws: ``RecordingError/mismatch(_:)`` if the recording has another source here.
    public init(_ replay: Replay, name: String) throws(RecordingError) {
        let (number, source) = try replay.source(name)
        guard source == .inlet else { throw .mismatch("source \(number), \(name), is a transport") }
        way = .replayed(replay, number)
    }

    /// Whether this is a replay, in which nothing must be touched outside.
    public var isReplay: Bool { if case .replayed = way { true } else { false } }

    /// What `body` reads, or what it read when it was recorded; empty where the replay has come apart.
    public func take(_ body: () throws -> [UInt8]) rethrows -> [UInt8] {
        switch way {
        case .live: return try body()
        case .recorded(let recorder, let source):
            let bytes = try body()
            recorder.add(.input, source, bytes)
            return bytes
        case .replayed(let replay, let source):
            let found = replay.next(source)
            if case .input(let range)? = found { return Array(replay.recording.bytes[range]) }
            _ = replay.differ("took input", found, source)
            return []
        }
    }

    /// The same for a text.
    public func text(_ body: () throws -> String) rethrows -> String {
        String(decoding: try take { Array(try body().utf8) }, as: UTF8.self)
    }
}

extension Mailbox {
    /// Lets what is taken from the mailbox go through an inlet, so that it is recorded or replayed.
    ///
    /// In a replay, posts are ignored and the takes get what was taken then.
    ///
    /// - Parameters:
    ///   - inlet: of this mailbox alone.
    ///   - encode: a message as bytes.
    ///   - decode: the same bytes as a message; nil for bytes that are none, which are left out.
    public func pass(
        through inlet: Inlet, encode: @escaping (Message) -> [UInt8], decode: @escaping ([UInt8]) -> Message?
    ) {
        unsafe onTake = { live in
            let bytes = inlet.take {
                var bytes: [UInt8] = []
                for message in live() {
                    let encoded = encode(message)
                    bytes.append(UInt32(encoded.count))
                    bytes += encoded
                }
                return bytes
            }
            var messages: [Message] = []
            var reader = RecordingReader(bytes: bytes, at: 0, end: bytes.count)
            while let length: UInt32 = reader.number(), bytes.count - reader.at >= Int(length) {
                let encoded = Array(bytes[reader.at..<reader.at + Int(length)])
                reader.at += Int(length)
                if let message = decode(encoded) { messages.append(message) }
            }
            return messages
        }
    }
}
