/// The generator splitmix64: 64 bits of state, every 64-bit value once in its period of 2^64.
///
/// Small and quick to seed; use ``Xoshiro256`` where long streams or many forks are drawn.
///
/// - Source: Steele, Lea, Flood 2014; Vigna, splitmix64.c (public domain).
public struct SplitMix64: RandomSource, Hashable, Sendable {
    @usableFromInline var state: UInt64

    /// The stream that starts from `seed`; any value is good.
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// Goes on as after `count` draws.
    @inlinable package mutating func skip(_ count: UInt64) { state &+= count &* 0x9E37_79B9_7F4A_7C15 }

    /// A stream seeded from one draw of this one, mixed with a constant so that it is not a shifted copy.
    public mutating func fork() -> SplitMix64 { SplitMix64(seed: next() ^ 0x6A09_E667_F3BC_C909) }
}
