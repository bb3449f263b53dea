import CSockets

/// The system calls on the way of a Unix datagram, so that a test can answer them in the system's place.
protocol UXDCalls {
    /// Bytes sent, or the negated error number.
    mutating func send(_ descriptor: Int32, _ path: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) -> Int
    /// Bytes received, or the negated error number.
    mutating func receive(
        _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, _ arrival: UnsafeMutablePointer<csk_unix_arrival>
    ) -> Int
}

/// The system's own.
struct SystemUXDCalls: UXDCalls {
    @inline(__always) func send(
        _ descriptor: Int32, _ path: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer
    ) -> Int {
        let text = unsafe path.baseAddress?.assumingMemoryBound(to: CChar.self)
        return unsafe csk_unix_send(descriptor, text, path.count, bytes.baseAddress, bytes.count)
    }

    @inline(__always) func receive(
        _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, _ arrival: UnsafeMutablePointer<csk_unix_arrival>
    ) -> Int {
        unsafe csk_unix_receive(descriptor, room.baseAddress, room.count, arrival)
    }
}
