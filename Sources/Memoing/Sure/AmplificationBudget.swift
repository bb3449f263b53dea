/// Sees to it that a source which has proven nothing draws no more than three times the bytes it sent.
///
/// There are 1,024 places for sources; of two that a keyed hash puts into one place the later takes it, with nothing in
/// it. A source that has proven itself has no limit while it keeps its place.
///
/// - Source: RFC 9000 §8.
struct AmplificationBudget {
    private struct Place {
        var source: UInt64 = 0
        var left = 0
        var isProven = false
    }
    private var places: [Place] = []

    /// Bytes out for each byte in.
    static let factor = 3
    /// What a source can save up.
    static let most = 1 << 20

    /// So many bytes came from a source.
    @inline(__always) mutating func heard(_ bytes: Int, from source: UInt64) {
        if places.isEmpty { places = Array(repeating: Place(), count: 1024) }
        let index = Int(truncatingIfNeeded: source & 1023)
        if places[index].source != source { places[index] = Place(source: source) }
        places[index].left = min(AmplificationBudget.most, places[index].left &+ AmplificationBudget.factor &* bytes)
    }

    /// The source is where it says it is.
    mutating func prove(_ source: UInt64) {
        if places.isEmpty { places = Array(repeating: Place(), count: 1024) }
        let index = Int(truncatingIfNeeded: source & 1023)
        if places[index].source != source { places[index] = Place(source: source) }
        places[index].isProven = true
    }

    func isProven(_ source: UInt64) -> Bool {
        guard !places.isEmpty else { return false }
        let place = places[Int(truncatingIfNeeded: source & 1023)]
        return place.source == source && place.isProven
    }

    /// Whether so many bytes may go there.
    func allows(_ bytes: Int, to source: UInt64) -> Bool {
        guard !places.isEmpty else { return false }
        let place = places[Int(truncatingIfNeeded: source & 1023)]
        return place.source == source && (place.isProven || place.left >= bytes)
    }

    /// So many bytes went there.
    mutating func spend(_ bytes: Int, on source: UInt64) {
        let index = Int(truncatingIfNeeded: source & 1023)
        guard !places.isEmpty, places[index].source == source, !places[index].isProven else { return }
        places[index].left -= bytes
    }
}
