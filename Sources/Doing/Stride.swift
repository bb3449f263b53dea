/// What ticks of one tock do to tymes between two neighbouring powers of two: found out once for all of them.
///
/// Such tymes are whole numbers of one unit, their `ulp`. Each sum with the tock is rounded to such a number, and what
/// rounding does to the tock does not depend on the tyme, but where two numbers are equally near. So all ticks make the
/// same step, as long as the sum stays below the next power of two.
struct Stride {
    /// For which tock this holds; NaN for none.
    var tock = Double.nan
    /// For which tymes it holds, up to the next power of two.
    var start = 0.0
    var end = 0.0
    /// How far each tick goes; 0 where that is not the same for all.
    var step = 0.0
    /// Beyond this tyme, either way, sums with the tock are rounded.
    var exactReach = 0.0

    /// Nothing known.
    init() {}

    /// For ticks from `tyme` on.
    @inline(never) init(from tyme: Tyme, _ tock: Double) {
        self.tock = tock
        if tock > 0 { exactReach = Double(sign: .plus, exponent: max(-1000, tock.lowestBit + 53), significand: 1) }
        guard tyme > 0 else {
            (start, end) = (-.infinity, .leastNonzeroMagnitude)
            return
        }
        guard tyme.isNormal, tyme.binade * 2 < .infinity else {
            (start, end) = tyme < 1 ? (.leastNonzeroMagnitude, .leastNormalMagnitude) : (tyme.binade, .infinity)
            return
        }
        (start, end) = (tyme.binade, tyme.binade * 2)
        let step = tyme + tock - tyme
        guard tyme + step < end else {
            // The last tick before the next power of two: what it does is not what the others do.
            (start, end) = (tyme, tyme.nextUp)
            return
        }
        if abs(tock - step) != tyme.ulp / 2 { self.step = step }
    }
}
