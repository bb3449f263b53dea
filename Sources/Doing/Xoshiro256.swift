/// The generator xoshiro256**: 256 bits of state, period 2^256 - 1.
///
/// - Source: Blackman and Vigna, xoshiro256starstar.c (public domain); seeded by splitmix64 as its authors say.
public struct Xoshiro256: RandomSource, Hashable, Sendable {
    private var s0, s1, s2, s3: UInt64

    /// The stream whose state is the first four numbers of splitmix64 from `seed`; any value is good.
    public init(seed: UInt64) {
        var seeder = SplitMix64(seed: seed)
        (s0, s1, s2, s3) = (seeder.next(), seeder.next(), seeder.next(), seeder.next())
    }

    /// The stream of a given state, as published test values have it.
    ///
    /// - Precondition: not all four are 0, a state that it never leaves.
    package init(state s0: UInt64, _ s1: UInt64, _ s2: UInt64, _ s3: UInt64) {
        precondition(s0 | s1 | s2 | s3 != 0, "xoshiro256 needs a state other than 0")
        (self.s0, self.s1, self.s2, self.s3) = (s0, s1, s2, s3)
    }

    public mutating func next() -> UInt64 {
        let bits = rotated(s1 &* 5, by: 7) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = rotated(s3, by: 45)
        return bits
    }

    /// A stream seeded from one draw of this one, mixed with a constant so that the seeds of a tree do not meet those
    /// of its root.
    public mutating func fork() -> Xoshiro256 { Xoshiro256(seed: next() ^ 0xBB67_AE85_84CA_A73B) }

    private func rotated(_ bits: UInt64, by count: UInt64) -> UInt64 { bits << count | bits >> (64 - count) }
}
