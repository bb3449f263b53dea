/// SipHash-1-3 of a fixed number of words under a secret that was drawn from the injected generator.
///
/// Everything that strangers can choose (mids, addresses, vids) reaches a table only through it, so that they cannot
/// aim at a slot; and the same seed gives the same tables, which Swift's own per-process hashing would not.
///
/// - Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", with one and three rounds. The length is not
///   hashed: it is fixed for each use, and each use has a secret of its own.
struct KeyedHash: Sendable {
    private let k0, k1: UInt64

    init(_ k0: UInt64, _ k1: UInt64) {
        self.k0 = k0
        self.k1 = k1
    }

    @inline(__always) func callAsFunction(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var state = State(k0, k1)
        state.absorb(a)
        state.absorb(b)
        return state.finish()
    }

    func callAsFunction(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
        var state = State(k0, k1)
        state.absorb(a)
        state.absorb(b)
        state.absorb(c)
        return state.finish()
    }

    func callAsFunction(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64) -> UInt64 {
        var state = State(k0, k1)
        state.absorb(a)
        state.absorb(b)
        state.absorb(c)
        state.absorb(d)
        state.absorb(e)
        return state.finish()
    }

    private struct State {
        var v0, v1, v2, v3: UInt64

        @inline(__always) init(_ k0: UInt64, _ k1: UInt64) {
            v0 = k0 ^ 0x736F_6D65_7073_6575
            v1 = k1 ^ 0x646F_7261_6E64_6F6D
            v2 = k0 ^ 0x6C79_6765_6E65_7261
            v3 = k1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always) mutating func round() {
            v0 &+= v1
            v1 = (v1 &<< 13 | v1 &>> 51) ^ v0
            v0 = v0 &<< 32 | v0 &>> 32
            v2 &+= v3
            v3 = (v3 &<< 16 | v3 &>> 48) ^ v2
            v0 &+= v3
            v3 = (v3 &<< 21 | v3 &>> 43) ^ v0
            v2 &+= v1
            v1 = (v1 &<< 17 | v1 &>> 47) ^ v2
            v2 = v2 &<< 32 | v2 &>> 32
        }

        @inline(__always) mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        @inline(__always) mutating func finish() -> UInt64 {
            v2 ^= 0xFF
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }
    }
}
