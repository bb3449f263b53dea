/// What one end of a simulated byte pipe does: its buffers, how its bytes are cut, and how patient it is.
///
/// ```swift
/// var pipe = SimPipe()
/// pipe.reads = 1...3  // no read yields more than three bytes
/// pipe.resetAfter = 1000  // the connection is reset behind the thousandth byte of this end
/// let wire = red.stream(to: blu.address(port: 7000), pipe: pipe)
/// ```
/// What the way does to the bytes is the business of its ``SimLink``, of plans and of calls; see <doc:Pipes>.
public struct SimPipe: Hashable, Sendable {
    /// Bytes that are written and of which this end does not know yet that they arrived, at most; at least 1.
    public var sendBuffer = 256 << 10
    /// Bytes that have arrived and were not read, at most: what the other end may send ahead. At least 1.
    public var receiveBuffer = 256 << 10
    /// Bytes that travel together at most, at least 1. A way with a shorter limit cuts them shorter.
    public var segment = 1460
    /// How many bytes a read yields at most: drawn anew for each read. Nil for all that is there.
    public var reads: ClosedRange<Int>?
    /// How many bytes a write takes at most: drawn anew for each write; the next one is possible in the next pass. Nil
    /// for all that there is room for.
    public var writes: ClosedRange<Int>?
    /// The connection is reset behind so many bytes of this end, at least 0: they arrive, and no more. Nil for never.
    public var resetAfter: Int?
    /// Seconds that connecting may take, above 0.
    public var connectTimeout = 10.0
    /// Seconds until a segment that got lost is sent again; each further time twice as many, up to 64 times. Above 0.
    public var retry = 0.2
    /// Seconds for which a segment is sent again and again before the connection is given up. Above 0.
    public var patience = 60.0

    /// Buffers of 256 KiB, segments of 1460 bytes, whole reads and writes, no reset.
    public init() {}

    /// Buffers of `buffer` bytes each way.
    public init(buffer: Int) {
        sendBuffer = buffer
        receiveBuffer = buffer
    }

    /// Checks what no run can do with.
    func require() {
        precondition(sendBuffer >= 1 && receiveBuffer >= 1, "pipe buffers of \(sendBuffer) and \(receiveBuffer) bytes")
        precondition(sendBuffer <= 1 << 40 && receiveBuffer <= 1 << 40, "pipe buffers above 2^40 bytes")
        precondition(segment >= 1, "pipe segments of \(segment) bytes")
        precondition(reads.map { $0.lowerBound >= 1 } ?? true, "pipe reads of \(reads?.lowerBound ?? 0) bytes")
        precondition(writes.map { $0.lowerBound >= 1 } ?? true, "pipe writes of \(writes?.lowerBound ?? 0) bytes")
        precondition(resetAfter.map { $0 >= 0 } ?? true, "a reset after \(resetAfter ?? 0) bytes")
        for (name, span) in [("connectTimeout", connectTimeout), ("retry", retry), ("patience", patience)] {
            precondition(span > 0 && span <= 1_000_000, "pipe \(name) of \(span) s: expected 0 to 1000000")
        }
    }
}
