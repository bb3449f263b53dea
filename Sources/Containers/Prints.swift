/// Values by keyed 64-bit fingerprints: open addressing with linear probing, at most half full.
///
/// Two things of one print are one. Grows by doubling and never shrinks. A print must be a keyed hash, so that nobody
/// can aim at a place.
public struct Prints<Value> {
    /// Print 0 is an empty place; who has it stands as 1.
    @usableFromInline var places: [(print: UInt64, value: Value)] = []
    @usableFromInline let nothing: Value
    @usableFromInline var used = 0

    /// None. `nothing` stands in empty places.
    @inlinable public init(nothing: Value) { self.nothing = nothing }

    /// How many there are.
    @inlinable public var count: Int { used }

    /// The value of a print; nil if it is not there.
    @inlinable @inline(__always) public func find(_ print: UInt64) -> Value? {
        guard used > 0 else { return nil }
        let (at, isThere) = seek(print)
        return isThere ? places[at].value : nil
    }

    /// Puts a print in; is it there, its value is replaced.
    @inlinable @inline(__always) public mutating func insert(_ print: UInt64, _ value: Value) {
        if used &* 2 >= places.count { grow() }
        let (at, isThere) = seek(print)
        places[at] = (print == 0 ? 1 : print, value)
        if !isThere { used &+= 1 }
    }

    /// Takes all out. Linear in the places.
    @inlinable public mutating func removeAll() {
        guard used > 0 else { return }
        for index in places.indices { places[index] = (0, nothing) }
        used = 0
    }

    @inlinable @inline(__always) func seek(_ print: UInt64) -> (at: Int, isThere: Bool) {
        let mask = places.count &- 1
        let print = print == 0 ? 1 : print
        var at = Int(truncatingIfNeeded: print) & mask
        while places[at].print != 0 {
            if places[at].print == print { return (at, true) }
            at = (at &+ 1) & mask
        }
        return (at, false)
    }

    @inlinable @inline(never) mutating func grow() {
        let before = places
        places = Array(repeating: (0, nothing), count: max(64, before.count &* 2))
        used = 0
        for place in before where place.print != 0 { insert(place.print, place.value) }
    }
}
