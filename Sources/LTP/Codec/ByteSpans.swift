/// Which bytes of a block there are: runs in order, none of which touches the next.
///
/// What comes in order costs a few nanoseconds; what fills gaps costs a binary search, and a move of the runs behind if
/// one more or one fewer is left.
struct ByteSpans: Hashable, Sendable {
    /// A run of bytes, half open.
    struct Run: Hashable, Sendable {
        var lower: UInt64
        var upper: UInt64
    }

    private(set) var runs: [Run] = []
    /// Bytes in all runs.
    private(set) var count: UInt64 = 0

    init() {}
    init(_ range: Range<UInt64>) { insert(range.lowerBound, range.upperBound) }

    var isEmpty: Bool { runs.isEmpty }
    /// Behind the last byte; 0 if there is none.
    var end: UInt64 { runs.last?.upper ?? 0 }

    /// Whether all of `lower..<upper` is there; nothing always is.
    func contains(_ lower: UInt64, _ upper: UInt64) -> Bool {
        if lower >= upper { return true }
        let index = firstEnding(after: lower)
        return index < runs.count && runs[index].lower <= lower && upper <= runs[index].upper
    }

    /// Whether any of `lower..<upper` is there.
    func touches(_ lower: UInt64, _ upper: UInt64) -> Bool {
        let index = firstEnding(after: lower)
        return index < runs.count && lower < upper && runs[index].lower < upper
    }

    /// Adds `lower..<upper`, and says how many of these bytes are new.
    @discardableResult
    @inline(__always) mutating func insert(_ lower: UInt64, _ upper: UInt64) -> UInt64 {
        guard lower < upper else { return 0 }
        let last = runs.count - 1
        if last >= 0, runs[last].upper == lower {
            runs[last].upper = upper
            count &+= upper &- lower
            return upper &- lower
        }
        return merge(lower, upper)
    }

    private mutating func merge(_ lower: UInt64, _ upper: UInt64) -> UInt64 {
        // The runs that overlap or touch are first..<next.
        let first = lower == 0 ? 0 : firstEnding(after: lower - 1)
        var next = first
        var merged = Run(lower: lower, upper: upper)
        var had: UInt64 = 0
        while next < runs.count, runs[next].lower <= upper {
            merged.lower = min(merged.lower, runs[next].lower)
            merged.upper = max(merged.upper, runs[next].upper)
            had += runs[next].upper - runs[next].lower
            next += 1
        }
        if next == first {
            runs.insert(merged, at: first)
        } else {
            runs[first] = merged
            if next > first + 1 { runs.removeSubrange(first + 1..<next) }
        }
        let new = merged.upper - merged.lower - had
        count += new
        return new
    }

    /// Takes `lower..<upper` out.
    mutating func remove(_ lower: UInt64, _ upper: UInt64) {
        guard touches(lower, upper) else { return }
        let first = firstEnding(after: lower)
        var next = first
        var rest: [Run] = []
        while next < runs.count, runs[next].lower < upper {
            let run = runs[next]
            count -= run.upper - run.lower
            if run.lower < lower { rest.append(Run(lower: run.lower, upper: lower)) }
            if upper < run.upper { rest.append(Run(lower: upper, upper: run.upper)) }
            next += 1
        }
        for run in rest { count += run.upper - run.lower }
        runs.replaceSubrange(first..<next, with: rest)
    }

    /// The runs within `lower..<upper`, cut to it, from the first on until `body` says no.
    func forEachRun(in lower: UInt64, _ upper: UInt64, _ body: (Run) -> Bool) {
        var index = firstEnding(after: lower)
        while index < runs.count, runs[index].lower < upper {
            let run = Run(lower: max(runs[index].lower, lower), upper: min(runs[index].upper, upper))
            if run.lower < run.upper, !body(run) { return }
            index += 1
        }
    }

    /// What is missing of `lower..<upper`, in order.
    func gaps(in lower: UInt64, _ upper: UInt64) -> [Run] {
        var (gaps, at) = ([Run](), lower)
        forEachRun(in: lower, upper) { run in
            if at < run.lower { gaps.append(Run(lower: at, upper: run.lower)) }
            at = run.upper
            return true
        }
        if at < upper { gaps.append(Run(lower: at, upper: upper)) }
        return gaps
    }

    /// The index of the first run that ends after `place`.
    private func firstEnding(after place: UInt64) -> Int {
        var (low, high) = (0, runs.count)
        if let last = runs.last, last.lower <= place { low = last.upper > place ? high - 1 : high }
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].upper > place { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
