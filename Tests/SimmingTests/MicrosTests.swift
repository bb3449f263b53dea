import Doing
import Testing

@testable import Simming

@Suite("Whole microseconds")
struct MicrosTests {
    /// What the net's clock is by definition.
    func defined(_ tyme: Tyme) -> Int64 {
        let micros = (tyme * 1e6).rounded()
        guard micros.magnitude <= 9e15 else { return micros > 0 ? Micros.limit : -Micros.limit }
        return Int64(micros)
    }

    @Test("a tyme is the microsecond that rounding gives, half a one away from zero, and stands still at the limit")
    func rounding() {
        var random = SplitMix64(seed: 1)
        for scale in [1e-7, 1e-3, 1, 1e3, 1e7, 8e9, 1e12] {
            for _ in 0..<2000 {
                let tyme = (random.unit() * 2 - 1) * scale
                #expect(Micros.of(tyme) == defined(tyme), "\(tyme)")
                // On the half between two microseconds, or as near as doubles come.
                let half = (Double(Int64(max(-9e15, min(9e15, tyme * 1e6)))) + 0.5) / 1e6
                for tyme in [half, half.nextUp, half.nextDown] { #expect(Micros.of(tyme) == defined(tyme), "\(tyme)") }
            }
        }
        for tyme in [0, -0.0, 0.5e-6, -0.5e-6, 0.49999999999999994e-6, 9e9, -9e9, 1e300, -.infinity, .infinity, .nan] {
            #expect(Micros.of(tyme) == defined(tyme), "\(tyme)")
        }
    }

    @Test("the tyme of a microsecond is the least that is not before it")
    func edges() {
        var random = SplitMix64(seed: 2)
        var numbers: [Int64] = [0, 1, -1, 2, 25_000, 1 << 52, 1 << 52 - 1, Micros.limit, -Micros.limit + 1]
        for bits in 1...52 { numbers.append(Int64(random.next() >> UInt64(64 - bits))) }
        for number in numbers {
            let tyme = Micros.tyme(of: number)
            #expect(Micros.of(tyme) >= number, "\(number)")
            #expect(Micros.of(tyme.nextDown) < number, "\(number)")
        }
        #expect(Micros.tyme(of: Micros.never) == .infinity)
    }
}
