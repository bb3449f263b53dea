/// A bound on what all connections of a server hold together: what came in part, what was not taken, what was not sent.
///
/// A connection that would exceed it with what comes is closed with ``FrameError/memoryFull(limit:)``; a message to be
/// sent that would exceed it is refused with the same error.
public final class FrameMemory {
    /// Bytes for all; 64 MiB by default.
    public let limit: Int
    /// Bytes held now.
    public private(set) var held = 0

    /// - Parameter limit: bytes for all, at least 1.
    public init(limit: Int = 64 << 20) {
        precondition(limit >= 1, "frame memory of \(limit) bytes")
        self.limit = limit
    }

    /// The part of one connection; given back when it goes.
    final class Share {
        private let memory: FrameMemory
        private var held = 0

        init(_ memory: FrameMemory) { self.memory = memory }
        deinit { memory.held -= held }

        /// Holds `count` bytes from now on. False, and nothing changes, if that is more than there is.
        func hold(_ count: Int) -> Bool {
            guard count <= held || count - held <= memory.limit - memory.held else { return false }
            memory.held += count - held
            held = count
            return true
        }

        var limit: Int { memory.limit }
    }
}
