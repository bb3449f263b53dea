import Testing

@testable import LTP

@Suite("Which bytes of a block there are")
struct ByteSpansTests {
    @Test("random insertions and removals do what a set of numbers does")
    func model() {
        for seed in 0..<200 {
            var random = Draws(UInt64(seed))
            var (spans, model) = (ByteSpans(), Set<UInt64>())
            for _ in 0..<60 {
                let lower = UInt64(random.below(80))
                let upper = lower + UInt64(random.below(12))
                if random.below(4) == 0 {
                    spans.remove(lower, upper)
                    model.subtract(lower..<max(lower, upper))
                } else {
                    let new = spans.insert(lower, upper)
                    #expect(new == UInt64((lower..<upper).filter { !model.contains($0) }.count))
                    model.formUnion(lower..<upper)
                }
                check(spans, model, seed)
                let (a, b) = (UInt64(random.below(90)), UInt64(random.below(90)))
                let (low, high) = (min(a, b), max(a, b))
                #expect(spans.contains(low, high) == (low..<high).allSatisfy(model.contains))
                #expect(spans.touches(low, high) == (low..<high).contains(where: model.contains))
                let missing = spans.gaps(in: low, high).flatMap { Array($0.lower..<$0.upper) }
                #expect(missing == (low..<high).filter { !model.contains($0) })
            }
        }
    }

    private func check(_ spans: ByteSpans, _ model: Set<UInt64>, _ seed: Int) {
        #expect(spans.count == UInt64(model.count), "seed \(seed)")
        #expect(spans.runs.flatMap { Array($0.lower..<$0.upper) } == model.sorted(), "seed \(seed)")
        for (a, b) in zip(spans.runs, spans.runs.dropFirst()) { #expect(a.upper < b.lower, "seed \(seed)") }
        #expect(spans.end == model.max().map { $0 + 1 } ?? 0)
    }
}
