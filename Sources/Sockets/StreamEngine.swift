import CSockets
import Doing
import Wiring

/// A stream socket's way with bytes: partial reads and writes, and what every error number means.
///
/// It owns no descriptor: the streams open and close.
struct StreamEngine<Calls: StreamCalls> {
    var calls: Calls
    var descriptor: Int32 = -1
    /// The system had no memory for the last read or write: no poller tells when it has, so it is tried again at the
    /// next tick.
    private(set) var isStarved = false

    init(_ calls: Calls) { self.calls = calls }

    /// One read. An empty room has nothing to read into.
    @inline(__always)
    mutating func read(_ room: UnsafeMutableRawBufferPointer) throws(Broken) -> StreamReading {
        guard room.count > 0 else { return .nothing }
        while true {
            let count = unsafe calls.read(descriptor, room)
            if count > 0 {
                isStarved = false
                return .bytes(count)
            }
            if count == 0 { return .end }
            let code = Int32(truncatingIfNeeded: -count)
            switch StreamFate(code) {
            case .nothing: return .nothing
            case .starved:
                isStarved = true
                return .nothing
            case .again: continue
            case .lost: return .lost(StreamLoss(code: code))
            case .broken: throw Broken(call: "recv", code: code)
            }
        }
    }

    /// One write.
    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(Broken) -> StreamWriting {
        guard bytes.count > 0 else { return .taken(0) }
        while true {
            let count = unsafe calls.write(descriptor, bytes)
            if count >= 0 {
                isStarved = false
                return .taken(count)
            }
            let code = Int32(truncatingIfNeeded: -count)
            switch StreamFate(code) {
            case .nothing: return .taken(0)
            case .starved:
                isStarved = true
                return .taken(0)
            case .again: continue
            case .lost: return .lost(StreamLoss(code: code))
            case .broken: throw Broken(call: "send", code: code)
            }
        }
    }
}
