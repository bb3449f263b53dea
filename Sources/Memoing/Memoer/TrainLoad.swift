import Wiring

/// How far a train is filled.
struct TrainLoad {
    let segments, bytes, datagram: Int
    var used = 0
    var grams = 0
    var segment = 0
    /// A shorter gram has ended it.
    var isEnded = false
    /// It holds signed grams.
    var isSigned = false

    init(_ limits: TrainLimits, room: Int) {
        segments = limits.segments
        bytes = min(limits.bytes, room)
        datagram = limits.datagram
    }

    /// How many grams of `length` bytes can be added.
    @inline(__always) func room(for length: Int) -> Int {
        if grams == 0 { return min(segments, length == 0 ? segments : bytes / length) }
        guard !isEnded, length <= segment else { return 0 }
        return length == segment
            ? min(segments &- grams, (bytes &- used) / length)
            : (grams < segments && used &+ length <= bytes ? 1 : 0)
    }

    /// The same for one gram, without a division.
    @inline(__always) func hasRoom(for length: Int) -> Bool {
        used &+ length <= bytes && grams < segments && (grams == 0 || !isEnded && length <= segment)
    }

    @inline(__always) mutating func add(_ count: Int, of length: Int) {
        if grams == 0 { segment = length } else if length < segment { isEnded = true }
        grams &+= count
        used &+= count &* length
    }
}
