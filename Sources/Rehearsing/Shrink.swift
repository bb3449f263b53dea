/// The smallest part of `elements` that still fails, as far as leaving things out and making them simpler leads.
///
/// Halves are tried first, then quarters, down to single elements, again and again until nothing can be left out
/// (delta debugging); then each element that is left is replaced by simpler ones as long as it still fails. The order
/// of what is left stays.
///
/// - Parameters:
///   - elements: what fails.
///   - tries: how often `fails` may be called.
///   - simpler: simpler forms of an element, the boldest first.
///   - fails: whether it still fails with these.
/// - Returns: the smallest that was found, and how often `fails` was called.
/// - Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002.
public func shrink<Element>(
    _ elements: [Element], tries: Int = 1000, simpler: (Element) -> [Element] = { _ in [] },
    fails: ([Element]) throws -> Bool
) rethrows -> (smallest: [Element], tries: Int) {
    var smallest = elements
    var left = tries
    func stillFails(_ candidate: [Element]) throws -> Bool {
        guard left > 0 else { return false }
        left -= 1
        return try fails(candidate)
    }
    if !smallest.isEmpty, try stillFails([]) { return ([], tries - left) }
    var size = max(1, smallest.count / 2)
    while !smallest.isEmpty, left > 0 {
        var start = 0
        var hasShrunk = false
        while start < smallest.count {
            var candidate = smallest
            candidate.removeSubrange(start..<min(start + size, smallest.count))
            if !candidate.isEmpty, try stillFails(candidate) {
                smallest = candidate
                hasShrunk = true
            } else {
                start += size
            }
        }
        if size == 1, !hasShrunk { break }
        size = max(1, size / 2)
    }
    for index in smallest.indices {
        var hasChanged = true
        while hasChanged, left > 0 {
            hasChanged = false
            for form in simpler(smallest[index]) {
                var candidate = smallest
                candidate[index] = form
                guard try stillFails(candidate) else { continue }
                smallest = candidate
                hasChanged = true
                break
            }
        }
    }
    return (smallest, tries - left)
}
