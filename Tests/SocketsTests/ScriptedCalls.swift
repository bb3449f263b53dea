import CSockets
import Doing
import Wiring

@testable import Sockets

/// Answers a UDP peer's system calls from a script and notes what was asked.
struct ScriptedUDPCalls: UDPCalls {
    /// Error numbers for the next single sends; 0 and an empty script let them go.
    var singles: [Int32] = []
    /// Error numbers for the next trains.
    var trains: [Int32] = []
    /// What the next receives give: error numbers, or datagrams of so many bytes (negative: an error).
    var receives: [Int] = []
    /// Every call: "train 3720/1240", "one 1240", "receive".
    var log: [String] = []

    private static func next(_ script: inout [Int32]) -> Int32 { script.isEmpty ? 0 : script.removeFirst() }

    mutating func send(_ descriptor: Int32, _ family: Int32, _ to: Address, _ bytes: UnsafeRawBufferPointer) -> Int {
        log.append("one \(bytes.count)")
        let code = Self.next(&singles)
        return code == 0 ? bytes.count : -Int(code)
    }

    mutating func sendTrain(
        _ descriptor: Int32, _ family: Int32, _ to: Address, _ bytes: UnsafeRawBufferPointer, segment: Int
    ) -> Int {
        log.append("train \(bytes.count)/\(segment)")
        let code = Self.next(&trains)
        return code == 0 ? bytes.count : -Int(code)
    }

    mutating func receive(
        _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, _ arrival: inout csk_arrival, isJoining: Bool
    ) -> Int {
        log.append("receive")
        let result = receives.isEmpty ? -Int(EAGAIN) : receives.removeFirst()
        arrival.from = csk_address(.ip4(0x0A00_0001, port: 9))
        arrival.segment = max(0, result)
        arrival.truncated = 0
        return result
    }
}

/// The same for a Unix-datagram peer.
struct ScriptedUXDCalls: UXDCalls {
    var sends: [Int32] = []
    var receives: [Int] = []
    var log: [Int] = []

    mutating func send(_ descriptor: Int32, _ path: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) -> Int {
        log.append(bytes.count)
        let code = sends.isEmpty ? 0 : sends.removeFirst()
        return code == 0 ? bytes.count : -Int(code)
    }

    mutating func receive(
        _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, _ arrival: UnsafeMutablePointer<csk_unix_arrival>
    ) -> Int {
        let result = receives.isEmpty ? -Int(EAGAIN) : receives.removeFirst()
        arrival.pointee.length = 0
        arrival.pointee.truncated = 0
        return result
    }
}
