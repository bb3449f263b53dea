import CSockets
import Wiring

@testable import Sockets

/// Answers the system calls of streams from a script and notes what was asked.
struct ScriptedStreamCalls: StreamCalls {
    /// What the next calls give; an empty script lets them succeed (reads: nothing there; accepts: nobody waits).
    var sockets: [Int32] = []
    var connects: [Int32] = []
    var connecteds: [Int32] = []
    var accepts: [Int32] = []
    var reads: [Int] = []
    var writes: [Int] = []
    /// Every call in short: "socket ip4", "connect 10.0.0.1:9", "close 100".
    var log: [String] = []
    private var nextDescriptor: Int32 = 100

    init(
        sockets: [Int32] = [], connects: [Int32] = [], connecteds: [Int32] = [], accepts: [Int32] = [],
        reads: [Int] = [], writes: [Int] = []
    ) {
        self.sockets = sockets
        self.connects = connects
        self.connecteds = connecteds
        self.accepts = accepts
        self.reads = reads
        self.writes = writes
    }

    private static func next<Value>(_ script: inout [Value], or other: Value) -> Value {
        script.isEmpty ? other : script.removeFirst()
    }

    mutating func socket(_ family: Address.Family) -> Int32 {
        log.append("socket \(family)")
        let result = Self.next(&sockets, or: nextDescriptor)
        if result >= 0 { nextDescriptor += 1 }
        return result
    }

    mutating func connect(_ descriptor: Int32, _ to: Address) -> Int32 {
        log.append("connect \(to)")
        return Self.next(&connects, or: -EINPROGRESS)
    }

    mutating func connected(_ descriptor: Int32) -> Int32 { Self.next(&connecteds, or: 0) }

    mutating func accept(_ listener: Int32, _ from: inout Address) -> Int32 {
        log.append("accept")
        from = .ip4(0x0A00_0001, port: 9)
        return Self.next(&accepts, or: -EAGAIN)
    }

    mutating func read(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) -> Int {
        log.append("read \(room.count)")
        return Self.next(&reads, or: -Int(EAGAIN))
    }

    mutating func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        log.append("write \(bytes.count)")
        return Self.next(&writes, or: bytes.count)
    }

    mutating func shut(_ descriptor: Int32) -> Int32 {
        log.append("shut")
        return 0
    }

    mutating func close(_ descriptor: Int32) { log.append("close \(descriptor)") }
}
