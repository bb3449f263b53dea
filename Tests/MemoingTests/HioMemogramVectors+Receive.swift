import Doing
import Memoing
import Signing
import Testing
import Wiring

extension HioMemogramVectors {
    @Test(
        "each receive sequence delivers what it should and drops what it must", .enabled(if: hasEd25519),
        arguments: vectors.rx)
    func receive(_ vector: Vectors.Receive) throws {
        var memoer = try receiver(for: vector)
        var sources: [String] = []
        for step in vector.steps {
            let index = sources.firstIndex(of: step.src) ?? sources.count
            if index == sources.count { sources.append(step.src) }
            memoer.feed(unhex(step.gram), from: .host(UInt64(index)))
        }
        var delivered: [Vectors.Delivered] = []
        while let memo = memoer.inbox.popFirst() {
            delivered.append(
                Vectors.Delivered(src: sources[Int(memo.source.lo)], hex: hex(memo.bytes), vid: memo.vid?.text))
        }
        #expect(delivered == vector.expect)
        let statistics = memoer.statistics
        let outcome = Vectors.Allowed(drops: statistics.drops.total, open: statistics.openMemos)
        if let allowed = vector.allowed {
            #expect(allowed.contains(outcome), "\(statistics.drops.occurred)")
        } else {
            #expect(outcome == Vectors.Allowed(drops: try #require(vector.drops), open: try #require(vector.open)))
        }
    }

    private func receiver(for vector: Vectors.Receive) throws -> Memoer {
        let keep = try TableKeep(
            vector.keep.map { name in
                let key = Self.vectors.key(name)
                return try (Vid(text: key.vid), KeyPair(verifyKey: VerifyKey(text: key.qvk), seed: Seed(text: key.qss)))
            })
        return try Memoer(
            keep: keep, signer: Ed25519(), requiresSigned: vector.requiresSignature, random: SplitMix64(seed: 1))
    }
}
