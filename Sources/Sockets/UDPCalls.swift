import CSockets
import Wiring

/// The system calls on the way of a datagram, so that a test can answer them in the system's place.
///
/// The peer holds them as a generic argument: in a build the system's own are called directly.
protocol UDPCalls {
    /// Bytes sent, or the negated error number.
    mutating func send(_ descriptor: Int32, _ family: Int32, _ to: Address, _ bytes: UnsafeRawBufferPointer) -> Int
    /// Bytes sent as a train, or the negated error number.
    mutating func sendTrain(
        _ descriptor: Int32, _ family: Int32, _ to: Address, _ bytes: UnsafeRawBufferPointer, segment: Int
    ) -> Int
    /// Bytes received, or the negated error number. `isJoining`: the socket may hand on several datagrams at once.
    mutating func receive(
        _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, _ arrival: inout csk_arrival, isJoining: Bool
    ) -> Int
}

/// The system's own.
struct SystemUDPCalls: UDPCalls {
    @inline(__always) func send(
        _ descriptor: Int32, _ family: Int32, _ to: Address, _ bytes: UnsafeRawBufferPointer
    ) -> Int {
        var words = csk_address(to)
        return unsafe csk_send(descriptor, family, &words, bytes.baseAddress, bytes.count)
    }

    @inline(__always) func sendTrain(
        _ descriptor: Int32, _ family: Int32, _ to: Address, _ bytes: UnsafeRawBufferPointer, segment: Int
    ) -> Int {
        var words = csk_address(to)
        return unsafe csk_send_train(descriptor, family, &words, bytes.baseAddress, bytes.count, segment)
    }

    @inline(__always) func receive(
        _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, _ arrival: inout csk_arrival, isJoining: Bool
    ) -> Int {
        unsafe isJoining
            ? csk_receive(descriptor, room.baseAddress, room.count, &arrival)
            : csk_receive_one(descriptor, room.baseAddress, room.count, &arrival)
    }
}

extension csk_address {
    init(_ address: Address) { self.init(tag: address.tag, hi: address.hi, lo: address.lo) }
}

extension Address {
    init(_ words: csk_address) { self.init(tag: words.tag, hi: words.hi, lo: words.lo) }
}
