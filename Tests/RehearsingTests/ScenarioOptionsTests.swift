import Testing

@testable import Rehearsing

@Suite("Options")
struct OptionsTests {
    @Test("the seed chooses within the range, and the choice is noted in the order of asking")
    func chosen() throws {
        var options = ScenarioOptions(seed: 3, set: [:])
        let count = try options.number("count", in: 1...20)
        let size = try options.choice("size", of: [200, 1240])
        #expect((1...20).contains(count))
        #expect(options.described == "count=\(count) size=\(size)")
    }

    @Test("setting one moves no other")
    func independent() throws {
        var free = ScenarioOptions(seed: 3, set: [:])
        var set = ScenarioOptions(seed: 3, set: ["count": "7"])
        let chosen = try (free.number("count", in: 1...20), free.number("gap", in: 1...1_000_000))
        #expect(try set.number("count", in: 1...20) == 7)
        #expect(try set.number("gap", in: 1...1_000_000) == chosen.1)
    }

    @Test("a value that cannot be is refused with the name, the value and what is allowed", arguments: ["0", "x", ""])
    func refused(value: String) {
        var options = ScenarioOptions(seed: 3, set: ["count": value])
        let error = RehearsalError.badOption(name: "count", value: value, allowed: "a whole number from 1 to 20")
        #expect(throws: error) { try options.number("count", in: 1...20) }
    }

    @Test("a name that nobody asks for is told")
    func unused() throws {
        var options = ScenarioOptions(seed: 3, set: ["cuont": "3", "count": "4"])
        _ = try options.number("count", in: 1...20)
        #expect(options.unused == ["cuont"])
    }
}
