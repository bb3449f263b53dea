import Doing
import Wiring

/// The cookies of one session at one end: what its segments must carry.
///
/// Each end may put in a cookie of its own, and either may make one longer; from then on it has to stand in every
/// segment of the session, both ways. Segments that had left before the peer could know of it are taken without it, or
/// with the shorter one, until a round trip is over.
///
/// - Source: RFC 5327, 2.2.
struct CookieJar: Hashable, Sendable {
    /// A cookie, and since when it counts.
    struct Cookie: Hashable, Sendable {
        var value: [UInt8]
        /// How many of its bytes were there before it was made longer.
        var before = 0
        /// From when on a segment needs all of it.
        var strictFrom: Tyme
    }

    /// The tag of the extension.
    static let tag: UInt8 = 1
    /// Bytes of a cookie at most, so that a peer cannot fill our datagrams with it.
    static let longest = 64

    /// The one that this end has put in.
    private(set) var ours: Cookie?
    /// The one that the peer has put in.
    private(set) var theirs: Cookie?

    init() {}

    var isEmpty: Bool { ours == nil && theirs == nil }

    /// Puts in a cookie of this end, which the peer can carry from `strictFrom` on.
    mutating func bake(_ value: [UInt8], strictFrom: Tyme) { ours = Cookie(value: value, strictFrom: strictFrom) }

    /// The extensions that every segment of the session has to carry, encoded, and how many they are.
    var extensions: (bytes: [UInt8], count: UInt8) {
        var (bytes, count) = ([UInt8](), UInt8(0))
        for cookie in [ours, theirs] {
            guard let cookie else { continue }
            bytes += [CookieJar.tag] + SDNV.bytes(UInt64(cookie.value.count)) + cookie.value
            count += 1
        }
        return (bytes, count)
    }

    /// Whether a segment with these cookies is taken at `tyme`; what it brings that is new is kept then.
    ///
    /// - Parameter delay: seconds until a segment that answers to what is new can be here.
    mutating func takes(_ found: [[UInt8]], at tyme: Tyme, delay: Double) -> Bool {
        var next = self
        var left = found
        guard CookieJar.match(&next.ours, &left, tyme, delay), CookieJar.match(&next.theirs, &left, tyme, delay) else {
            return false
        }
        guard left.count <= 1 else { return false }
        if let new = left.first {
            // A cookie of its own is put in by a peer that did not know ours.
            let mayBake = theirs == nil && (ours.map { tyme < $0.strictFrom } ?? true)
            guard mayBake, !new.isEmpty, new.count <= CookieJar.longest else { return false }
            next.theirs = Cookie(value: new, strictFrom: tyme + delay)
        }
        self = next
        return true
    }

    /// Takes out of `left` the one that matches; false if there should be one and is not.
    private static func match(
        _ cookie: inout Cookie?, _ left: inout [[UInt8]], _ tyme: Tyme, _ delay: Double
    ) -> Bool {
        guard let known = cookie else { return true }
        if let index = left.firstIndex(where: { $0.starts(with: known.value) && $0.count <= longest }) {
            let value = left.remove(at: index)
            if value.count > known.value.count {
                cookie = Cookie(value: value, before: known.value.count, strictFrom: tyme + delay)
            }
            return true
        }
        guard tyme < known.strictFrom else { return false }
        if known.before > 0 {
            guard let index = left.firstIndex(of: Array(known.value.prefix(known.before))) else { return false }
            left.remove(at: index)
        }
        return true
    }
}
