/// Remembers which memos are over, so that none is delivered twice: keyed 64-bit fingerprints in two generations.
///
/// At least the last ``limit`` are remembered, at most twice as many; the table is as large as what is in it. A
/// fingerprint is a keyed hash of 64 bits, so that one memo in 2^64 divided by the number remembered is taken for
/// another, and nobody who lacks the secret can bring that about.
struct Finished {
    /// How many are surely remembered.
    let limit: Int
    private var young = Prints()
    private var old = Prints()

    init(limit: Int) { self.limit = limit }

    /// How many are remembered.
    var count: Int { young.count + old.count }

    @inline(__always) func contains(_ print: UInt64) -> Bool {
        young.contains(print) || old.count > 0 && old.contains(print)
    }

    /// Remembers one; twice is once.
    @inline(__always) mutating func insert(_ print: UInt64) {
        if young.count >= limit {
            swap(&young, &old)
            young.removeAll()
        }
        young.insert(print)
    }

    /// A set of words by open addressing with linear probing, at most half full. 0 is an empty place.
    private struct Prints {
        private var places: [UInt64] = []
        private(set) var count = 0

        @inline(__always) func contains(_ print: UInt64) -> Bool {
            guard count > 0 else { return false }
            let mask = places.count &- 1
            let print = print == 0 ? 1 : print
            var at = Int(truncatingIfNeeded: print) & mask
            while places[at] != 0 {
                if places[at] == print { return true }
                at = (at &+ 1) & mask
            }
            return false
        }

        @inline(__always) mutating func insert(_ print: UInt64) {
            if count &* 2 >= places.count { grow() }
            let mask = places.count &- 1
            let print = print == 0 ? 1 : print
            var at = Int(truncatingIfNeeded: print) & mask
            while places[at] != 0 {
                if places[at] == print { return }
                at = (at &+ 1) & mask
            }
            places[at] = print
            count &+= 1
        }

        @inline(never) private mutating func grow() {
            let before = places
            places = Array(repeating: 0, count: max(64, before.count * 2))
            count = 0
            for print in before where print != 0 { insert(print) }
        }

        mutating func removeAll() {
            for index in places.indices { places[index] = 0 }
            count = 0
        }
    }
}
