import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

/// Loopback, any port.
let anyPort = Address.ip4(0x7F00_0001, port: 0)

/// Open descriptors of this process.
func openDescriptors() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
}

/// A fresh directory, mode 0700, gone after `body`.
func withDirectory<R>(_ body: (String) throws -> R) throws -> R {
    let path = NSTemporaryDirectory() + "sk" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// What was received in one go.
struct Received: Equatable {
    var bytes: [UInt8]
    var peer: Address
    var segment: Int
}

extension DatagramTransport {
    /// The next train, waiting up to a second for it: loopback delivers at once, but a loaded machine may not.
    mutating func next(_ burst: Burst = Burst()) throws -> Received? {
        let start = Date()
        repeat {
            if let received = try now(burst) { return received }
            usleep(200)
        } while Date().timeIntervalSince(start) < 1
        return nil
    }

    /// The next train that is there already.
    mutating func now(_ burst: Burst = Burst()) throws -> Received? {
        try burst.lend { (out: inout OutputRawSpan) throws(TransportError) -> Received? in
            guard let train = try receive(into: &out, at: 0) else { return nil }
            return Received(bytes: Array(copying: out.bytes), peer: train.peer, segment: train.segment)
        }
    }

    /// Sends `bytes` as datagrams of `segment`.
    mutating func send(_ bytes: [UInt8], to peer: Address, segment: Int? = nil, at tyme: Tyme = 0) throws -> Sending {
        try send(bytes.span.bytes, Train(peer: peer, segment: segment ?? bytes.count), at: tyme)
    }
}

extension Array<UInt8> {
    init(copying span: RawSpan) { self = span.withUnsafeBytes { Array($0) } }
}

/// `count` bytes that tell their place.
func pattern(_ count: Int, _ seed: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ seed) }
}

/// Puts something else behind a descriptor's number, as a stray close and another's open would. Close it in the end.
func loseSocket(_ descriptor: Int32) {
    let other = open("/dev/null", O_RDONLY)
    dup2(other, descriptor)
    close(other)
}

/// 1 if `descriptor` becomes readable within `timeout` nanoseconds, else 0. Signals of other tests do not count.
func waitReadable(_ descriptor: Int32, _ timeout: Int64) -> Int32 {
    while true {
        let result = csk_wait_readable(descriptor, -1, timeout)
        if result != -EINTR { return result }
    }
}
