/// What a ``Console`` has read.
public enum ConsoleEvent: Hashable, Sendable {
    /// A line of UTF-8 without its line feed. A carriage return before it stays, and so does every other byte.
    case line(String)
    /// A line that is no UTF-8: its bytes.
    case notText([UInt8])
    /// A line of so many bytes, above the limit, whose bytes are gone.
    case tooLong(bytes: Int)
    /// Nothing more will come: the last event. The error number is nil at a clean end of input; EIO tells that the
    /// terminal has gone, EBADF that there is no such descriptor.
    case end(code: Int32?)
}
