import Foundation
import Testing

/// The rules that no fault may break. `SURE_SEEDS=A..<B` runs other seeds.
@Suite("Sure memos: three memoers, every fault at once")
struct SwarmTests {
    static var seeds: Range<UInt64> {
        let words = ProcessInfo.processInfo.environment["SURE_SEEDS"]?.components(separatedBy: "..<") ?? []
        guard words.count == 2, let first = UInt64(words[0]), let last = UInt64(words[1]), first < last else {
            return 0..<8
        }
        return first..<last
    }

    @Test("nothing that was not sent arrives, nothing twice, each memo has one true end, and all comes to rest")
    func swarm() throws {
        var (steps, memos) = (0, 0)
        for seed in SwarmTests.seeds {
            var swarm = try Swarm(seed: seed)
            try swarm.run()
            steps += swarm.steps
            memos += swarm.count
            #expect(swarm.broken == [])
            if !swarm.broken.isEmpty { break }
        }
        print("swarm: \(SwarmTests.seeds), \(memos) memos")
        #expect(steps > SwarmTests.seeds.count * 90)
    }
}
