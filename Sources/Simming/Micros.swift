import Doing

/// The net's own clock: whole microseconds of tyme, so that no sum of delays depends on how it was rounded.
enum Micros {
    /// The furthest tyme that counts, 285 years either way: beyond it the clock of the net stands still.
    ///
    /// A thousand times that still fits into 64 bits, for the nanoseconds of ``LinkModel``.
    static let limit: Int64 = 9_000_000_000_000_000
    /// Never.
    static let never = Int64.max

    /// The microsecond nearest to `tyme`.
    @inline(__always) static func of(_ tyme: Tyme) -> Int64 {
        let micros = tyme * 1e6
        guard micros.magnitude <= 9e15 else { return micros > 0 ? limit : -limit }
        // As `rounded()` does, which is a call of the C library: half a microsecond goes away from 0, and the rest is
        // exact.
        let whole = Int64(micros)
        let rest = micros - Double(whole)
        return whole &+ (rest >= 0.5 ? 1 : rest <= -0.5 ? -1 : 0)
    }

    /// The least tyme that ``of(_:)`` does not put before `micros`: whoever sleeps until then is there in the very pass
    /// in which somebody who looks at every pass would find it due.
    static func tyme(of micros: Int64) -> Tyme {
        guard micros <= limit else { return .infinity }
        let edge = Double(micros) - 0.5
        var tyme = edge / 1e6
        if micros > 0, micros < 1 << 52 {
            // The same as below without rounding, from the edge upwards a product is rounded up, and with the
            // neighbours of a number above 0 as they stand in its bits.
            var bits = tyme.bitPattern
            while Double(bitPattern: bits) * 1e6 < edge { bits &+= 1 }
            while Double(bitPattern: bits &- 1) * 1e6 >= edge { bits &-= 1 }
            return Double(bitPattern: bits)
        }
        while of(tyme) >= micros { tyme = tyme.nextDown }
        while of(tyme) < micros { tyme = tyme.nextUp }
        return tyme
    }

    /// A span that was checked before: 0...10^9 seconds.
    static func span(_ seconds: Double) -> Int64 { Int64((seconds * 1e6).rounded()) }

    /// The sum, at most ``limit``.
    @inline(__always) static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, isOver) = a.addingReportingOverflow(b)
        return isOver ? limit : min(sum, limit)
    }
}
