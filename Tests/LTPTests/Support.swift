import Doing
import Wiring

@testable import LTP

/// Draws for tests.
struct Draws {
    var generator: Xoshiro256
    init(_ seed: UInt64) { generator = Xoshiro256(seed: seed) }
    mutating func below(_ bound: Int) -> Int { generator.below(bound) }
    mutating func chance(_ part: Double) -> Bool { generator.unit() < part }
}

/// What `body` writes.
func written(_ body: (inout OutputRawSpan) -> Void) -> [UInt8] {
    Burst().lend { (out: inout OutputRawSpan) -> [UInt8] in
        body(&out)
        return out.bytes.withUnsafeBytes { Array($0) }
    }
}

/// `count` bytes that tell their place.
func pattern(_ count: Int, _ seed: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 131) ^ ($0 >> 8) &+ seed) }
}
