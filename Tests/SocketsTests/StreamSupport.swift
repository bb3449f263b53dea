import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

/// What a test has read from one end of a stream.
struct Reader {
    /// What a read in tests is lent: small, so that long messages come in parts.
    private let burst = Burst(capacity: 32_768)
    private(set) var bytes: [UInt8] = []
    /// How the reading ended.
    private(set) var end: StreamReading?

    /// Reads what is there; true if something came.
    @discardableResult
    mutating func read(_ socket: inout StreamSocket) throws -> Bool {
        let before = bytes.count
        while end == nil {
            let reading = try burst.lend { (out: inout OutputRawSpan) throws(TransportError) in
                let reading = try socket.read(into: &out)
                bytes += Array(copying: out.bytes)
                return reading
            }
            switch reading {
            case .bytes: continue
            case .nothing: return bytes.count > before
            case .end, .lost: end = reading
            }
        }
        return true
    }
}

/// Tries `body` until it is true: loopback is quick, but a loaded machine may not be.
func eventually(_ what: String = "it", within seconds: Double = 5, _ body: () throws -> Bool) throws {
    let start = Date()
    while try !body() {
        guard Date().timeIntervalSince(start) < seconds else {
            Issue.record("\(what) did not happen within \(seconds) s")
            return
        }
        usleep(200)
    }
}

extension StreamSocket {
    /// Connects, waiting for it.
    mutating func connectNow() throws {
        try open()
        let start = Date()
        while try !connect(at: 0), Date().timeIntervalSince(start) < 5 { usleep(200) }
    }

    /// Writes once; how many bytes were taken, or nil if the connection is lost.
    mutating func write(_ bytes: [UInt8]) throws -> Int? {
        guard case .taken(let count) = try write(bytes.span.bytes) else { return nil }
        return count
    }
}

/// Two ends of one TCP connection over loopback.
struct TCPPair {
    let listener: TCPListener
    let near: TCPStream
    let far: TCPStream

    init(_ host: String = "127.0.0.1", options: StreamOptions = .init()) throws {
        let listener = try TCPListener(host: host, port: 0, options: options)
        try listener.open()
        near = try TCPStream(to: [listener.address], options: options)
        try near.socket.connectNow()
        var taken: TCPStream?
        try eventually("a connection") {
            taken = try listener.accept(at: 0)
            return taken != nil
        }
        far = try #require(taken)
        self.listener = listener
    }
}
