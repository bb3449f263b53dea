import Doing
import Testing

/// Sequences that must never change.
@Suite struct GeneratorTests {
    @Test("splitmix64 gives its published numbers")
    func splitMix() {
        var random = SplitMix64(seed: 1_234_567)
        let numbers = (0..<5).map { _ in random.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test("xoshiro256** gives its published numbers")
    func xoshiro() {
        var random = Xoshiro256(state: 1, 2, 3, 4)
        let numbers = (0..<10).map { _ in random.next() }
        #expect(
            numbers == [
                11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
                16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777,
                2_904_607_092_377_533_576,
            ])
    }

    @Test("a seed fills the state with the numbers of splitmix64")
    func seeding() {
        var seeder = SplitMix64(seed: 42)
        var byHand = Xoshiro256(state: seeder.next(), seeder.next(), seeder.next(), seeder.next())
        var seeded = Xoshiro256(seed: 42)
        for _ in 0..<100 { #expect(byHand.next() == seeded.next()) }
    }

    @Test("the draws of this version: bounded, unit, fork and shuffle")
    func draws() {
        var random = Xoshiro256(seed: 7)
        #expect((0..<8).map { _ in random.below(10) } == Self.below10)
        #expect((0..<3).map { _ in random.unit() } == Self.units)
        var child = random.fork()
        #expect(child.next() == Self.forked)
        var cards = Array(0..<8)
        random.shuffle(&cards)
        #expect(cards == Self.shuffled)
    }

    // Worked out by a second implementation in another language.
    static let below10 = [7, 2, 8, 9, 9, 8, 0, 1]
    static let units = [0.40370652610252655, 0.15181610733412043, 0.5413675985383839]
    static let forked: UInt64 = 12_040_280_033_203_059_252
    static let shuffled = [4, 0, 3, 1, 5, 2, 6, 7]

    @Test("bounded draws stay in bounds and are fair")
    func bounded() {
        var random = SplitMix64(seed: 3)
        for bound: UInt64 in [1, 2, 3, 1000, 1 << 33, .max] {
            for _ in 0..<200 { #expect(random.below(bound) < bound) }
        }
        var counts = [Int](repeating: 0, count: 6)
        for _ in 0..<60_000 { counts[random.below(6)] += 1 }
        #expect(counts.allSatisfy { (9_500...10_500).contains($0) })
        // With this bound a third of the draws must be rejected; without that the lower half would come too often.
        let bound: UInt64 = 3 << 62
        var low = 0
        for _ in 0..<10_000 where random.below(bound) < bound / 2 { low += 1 }
        #expect((4_800...5_200).contains(low))
    }

    @Test("unit is in 0..<1 with 53 bits")
    func unit() {
        var random = Xoshiro256(seed: 11)
        for _ in 0..<1000 {
            let number = random.unit()
            #expect(number >= 0 && number < 1 && (number * 0x1p53).rounded() == number * 0x1p53)
        }
    }

    @Test("forks in the same order give the same tree, whatever the parts draw")
    func forks() {
        var one = Xoshiro256(seed: 5)
        var two = Xoshiro256(seed: 5)
        var (a1, b1) = (one.fork(), one.fork())
        var a2 = two.fork()
        for _ in 0..<10 { _ = a2.next() }
        var b2 = two.fork()
        #expect(b1.next() == b2.next())
        #expect(a1.next() != b1.next())
    }
}
