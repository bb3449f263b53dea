import Doing

/// Where each stream of random numbers starts: by what it is for, never by how many there are.
enum StreamSeed {
    /// A direction between two hosts: the seed of their pair, and 0 or 1.
    static func direction(_ seed: UInt64, from: String, to: String) -> (seed: UInt64, direction: Int) {
        let isForth = from <= to
        let pair = mix(mix(seed, hash(isForth ? from : to)), hash(isForth ? to : from))
        return (pair, isForth ? 0 : 1)
    }

    /// The bytes of a name: FNV-1a.
    static func hash(_ name: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    /// One seed from two.
    @inline(__always) static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var mixer = SplitMix64(seed: a ^ (b &* 0x9E37_79B9_7F4A_7C15))
        _ = mixer.next()
        return mixer.next()
    }
}
