import Charting

/// What happens to one datagram on its way, gathered from all that is wrong there.
struct Passage {
    var isRuled = false
    var isCut = false
    var isTooLarge = false
    var isLost = false
    /// Instead of the rate of the link: bits a second, and bytes of the queue.
    var rate: (Double, Double)?
    /// Microseconds more than the link takes.
    private(set) var extra: Int64 = 0
    /// It is held until this microsecond; ``Micros/never`` for ever.
    var heldUntil = Int64.min
    /// It arrives twice: the draw for the jitter of the copy.
    var copy: Double?
    /// Behind which part of its length the stream is reset that it belongs to.
    var cutOff: Double?
    /// Which of its bits are turned, as parts of its length.
    private(set) var flips: [Double] = []
    private(set) var length: Int?
    private(set) var marks: TraceEvent.Marks = []

    mutating func delay(_ span: Int64) {
        extra = Micros.sum(extra, span)
        marks.insert(.delayed)
    }

    mutating func corrupt(_ parts: [Double]) {
        flips += parts
        marks.insert(.corrupted)
    }

    mutating func truncate(to count: Int) {
        length = min(length ?? count, count)
        marks.insert(.truncated)
    }

    /// When it arrives that would arrive at `arrival` if nothing were wrong.
    func due(_ arrival: Int64) -> Int64 { max(Micros.sum(arrival, extra), heldUntil) }

    /// Turns bits and cuts it short, where it lies in the memory of the network.
    func alter(_ bytes: UnsafeMutableRawPointer, count: inout Int32) {
        if count > 0, let first = flips.first {
            let bits = Double(Int(count) * 8)
            let firstBit = Int(first * bits)
            for part in flips {
                let bit = Int(part * bits)
                // The first one stays turned, so that something is wrong in any case.
                if bit == firstBit, part != first { continue }
                let byte = unsafe bytes.load(fromByteOffset: bit / 8, as: UInt8.self)
                unsafe bytes.storeBytes(of: byte ^ 1 << UInt8(bit % 8), toByteOffset: bit / 8, as: UInt8.self)
            }
        }
        if let length { count = min(count, Int32(clamping: length)) }
    }
}
