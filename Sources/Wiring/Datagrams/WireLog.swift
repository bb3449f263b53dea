import Doing

/// Keeps the last trains that passed, within a bound of bytes: hio's WireLog, with tyme.
///
/// Trains are appended whole to one array, so that watching costs one copy a train and no allocation a datagram.
///
/// - Source: hio `core/wiring.py`, `WireLog`.
public final class WireLog: Tap {
    /// One datagram that passed.
    public struct Record: Hashable, Sendable {
        /// When.
        public var tyme: Tyme
        /// Which way.
        public var direction: TapDirection
        /// From whom, or to whom.
        public var peer: Address
        /// The datagram.
        public var bytes: [UInt8]

        /// hio's format: a line of direction and peer, then the bytes, with a line feed at either end.
        ///
        /// Bytes that are no UTF-8 show as U+FFFD; use ``bytes`` where they matter.
        public var text: String { "\n\(direction.rawValue) \(peer):\n\(String(decoding: bytes, as: UTF8.self))\n" }
    }

    private struct Head {
        var tyme: Tyme
        var direction: TapDirection
        var train: Train
        var count: Int
    }

    /// Which directions are kept.
    public let directions: Set<TapDirection>
    /// Bytes kept at most, a train counting its own and 64 more; the oldest trains go first.
    public let limit: Int
    /// Trains that had to make room for later ones.
    public private(set) var dropped = 0

    private var heads: [Head] = []
    private var bytes: [UInt8] = []
    private var firstHead = 0
    private var firstByte = 0

    /// - Parameters:
    ///   - directions: what to keep; both by default.
    ///   - limit: bytes kept at most, at least 64.
    public init(directions: Set<TapDirection> = [.rx, .tx], limit: Int = 1 << 20) {
        precondition(limit >= 64, "wire log limit \(limit): expected at least 64")
        self.directions = directions
        self.limit = limit
    }

    public func see(_ bytes: RawSpan, _ train: Train, _ direction: TapDirection, at tyme: Tyme) {
        guard directions.contains(direction) else { return }
        heads.append(Head(tyme: tyme, direction: direction, train: train, count: bytes.byteCount))
        unsafe bytes.withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
        while heads.count - firstHead > 1, held > limit {
            firstByte += heads[firstHead].count
            firstHead += 1
            dropped += 1
        }
        trim()
    }

    /// Gives room back once half of it is past: amortised constant time.
    private func trim() {
        guard firstHead > 64, firstHead > heads.count / 2 else { return }
        heads.removeFirst(firstHead)
        bytes.removeFirst(firstByte)
        (firstHead, firstByte) = (0, 0)
    }

    private var held: Int { bytes.count - firstByte + 64 * (heads.count - firstHead) }

    /// What is kept, oldest first, a datagram a record. Linear in what is kept.
    public var records: [Record] {
        var records: [Record] = []
        var start = firstByte
        for head in heads[firstHead...] {
            let end = start + head.count
            var from = start
            repeat {
                let to = head.train.segment > 0 ? min(from + head.train.segment, end) : end
                let datagram = Array(bytes[from..<to])
                records.append(
                    Record(tyme: head.tyme, direction: head.direction, peer: head.train.peer, bytes: datagram))
                from = to
            } while from < end
            start = end
        }
        return records
    }

    /// Forgets everything.
    public func clear() {
        heads.removeAll()
        bytes.removeAll()
        (firstHead, firstByte, dropped) = (0, 0, 0)
    }
}
