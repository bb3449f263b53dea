import CSockets
import Wiring

/// The system calls of streams, so that a test can answer them in the system's place.
///
/// Streams hold them as a generic argument: in a build the system's own are called directly. Each gives a count, a
/// descriptor or 0, or the negated error number.
protocol StreamCalls {
    /// A descriptor for a stream to an address of this family.
    mutating func socket(_ family: Address.Family) -> Int32
    /// Begins to connect.
    mutating func connect(_ descriptor: Int32, _ to: Address) -> Int32
    /// What became of a connect: 1, connected; 0, not yet.
    mutating func connected(_ descriptor: Int32) -> Int32
    /// The next connection of a listener.
    mutating func accept(_ listener: Int32, _ from: inout Address) -> Int32
    /// Bytes read; 0 at the end.
    mutating func read(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) -> Int
    /// Bytes taken.
    mutating func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
    /// Ends the writing half.
    mutating func shut(_ descriptor: Int32) -> Int32
    /// Lets go of the descriptor.
    mutating func close(_ descriptor: Int32)
}

/// The system's own.
struct SystemStreamCalls: StreamCalls {
    func socket(_ family: Address.Family) -> Int32 {
        switch family {
        case .ip4: csk_stream_socket(Int32(CSK_IP4))
        case .ip6: csk_stream_socket(Int32(CSK_IP6))
        case .unix: csk_stream_socket(Int32(CSK_UNIX))
        case .none, .host: -EAFNOSUPPORT
        }
    }

    func connect(_ descriptor: Int32, _ to: Address) -> Int32 {
        if to.family == .unix {
            guard let path = UXDNames.path(of: to) else { return -ENOENT }
            return unsafe csk_unix_connect(descriptor, path, path.utf8.count)
        }
        var words = csk_address(to)
        return unsafe csk_connect(descriptor, Int32(to.family == .ip6 ? CSK_IP6 : CSK_IP4), &words)
    }

    func connected(_ descriptor: Int32) -> Int32 { csk_connected(descriptor) }

    func accept(_ listener: Int32, _ from: inout Address) -> Int32 {
        var words = csk_address()
        let made = unsafe csk_accept(listener, &words)
        from = Address(words)
        return made
    }

    @inline(__always) func read(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) -> Int {
        unsafe csk_read(descriptor, room.baseAddress, room.count)
    }

    @inline(__always) func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        unsafe csk_write(descriptor, bytes.baseAddress, bytes.count)
    }

    func shut(_ descriptor: Int32) -> Int32 { csk_shut(descriptor) }

    func close(_ descriptor: Int32) { _ = csk_close(descriptor) }
}
