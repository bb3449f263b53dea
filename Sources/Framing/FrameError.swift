/// What is wrong with a frame, or with what a connection of frames was asked for.
///
/// Whatever of it comes from the other end closes the connection; nothing of the frame is delivered.
public enum FrameError: Error, Hashable, Sendable {
    // MARK: What the other end did

    /// A length that is shorter than the head that says it, or negative.
    case badLength(Int128, head: Int)
    /// A frame or message beyond the limit. From the other end, or, at the caller, one that was to be sent.
    case tooLarge(size: UInt64, limit: UInt64)
    /// A message class refused the body of a frame of its type.
    case badBody(FrameType, BodyError)
    /// The other end went amid a head or body: so many bytes of it had come.
    case truncated(have: Int, need: Int)
    /// The other end was silent for too long.
    case timeout(FramePhase)
    /// The first byte of a handshake was not ff.
    case hello(UInt8)
    /// The server has as many connections as it takes.
    case connectionLimit
    /// The other end refused a message: its status byte.
    case refused(UInt8)
    /// A transform could not undo what came: its place among the transforms.
    case transform(Int)
    /// All connections of a server together hold as many bytes as they may.
    case memoryFull(limit: Int)

    // MARK: What the caller did

    /// A type number that the type field cannot say.
    case typeOutOfRange(FrameType, FieldFormat)
    /// A letter that is no format of a field: ``FieldFormat`` lists them.
    case unknownFormat(String)
    /// A type number that another message class has.
    case typeTaken(FrameType)
    /// A message whose class is not in the protocol.
    case unknownMessage(FrameType)
    /// So many bytes wait already: nothing was queued.
    case outputFull(waiting: Int, limit: Int)
    /// The connection takes no more messages: it is closing, or over.
    case closed
}

/// For what a connection waited when the other end was silent for too long.
public enum FramePhase: String, Hashable, Sendable, CaseIterable {
    /// The first byte of a handshake.
    case hello
    /// The rest of a head or size.
    case head
    /// The rest of a body.
    case body
    /// The answer to the size of our message.
    case answer
    /// Some room for what waits to be sent: the other end does not read.
    case take
    /// Anything at all, for ``FrameLimits/idle`` seconds.
    case idle
}
