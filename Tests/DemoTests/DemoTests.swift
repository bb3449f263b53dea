import Commanding
import DemoKit
import Testing

@Suite("The parts that all demos share")
struct DemoKitTests {
    @Test("SHA-256 gives the published digests")
    func sha256() {
        #expect(SHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hex(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            SHA256.hex([UInt8](repeating: 0x61, count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("a flag's value is taken once, in range, and what is left over is an error")
    func arguments() throws {
        var words = Arguments(["send", "--count", "3", "--json", "--listen", "a", "b", "--extra"])
        let word = words.word()
        let count = try words.integer("--count", in: 1...9)
        let again = try words.integer("--count", in: 1...9)
        let json = words.has("--json")
        let listen = try words.values("--listen")
        #expect(word == "send" && count == 3 && again == nil && json && listen == ["a", "b"])
        #expect(throws: UsageError.self) { try words.finish() }
    }

    @Test(
        "a value that is missing, twice there or out of range is refused by name",
        arguments: [
            ["--count", "ten"], ["--count", "0"], ["--count"], ["--count", "--json"], ["--count", "1", "--count", "2"],
        ])
    func badArguments(words: [String]) {
        var words = Arguments(words)
        #expect(throws: UsageError.self) { _ = try words.integer("--count", in: 1...9) }
    }

    @Test("a JSON line keeps its order and quotes what must be quoted")
    func json() {
        var line = JSONLine(event: "memo")
        line.add("from", "a\"b\\c\n\u{1}é")
        line.add("vid", String?.none)
        line.add("n", -3)
        line.add("x", 1.25, digits: 3)
        line.add("y", -0.0004, digits: 3)
        line.add("z", Double.nan)
        #expect(
            line.description
                == #"{"event":"memo","from":"a\"b\\c\n\u0001é","vid":null,"n":-3,"x":1.25,"y":0,"z":null}"#)
    }

    @Test("memo number i is the hex of SHA-256 of i:0, i:1, … cut to its length")
    func text() {
        let first = SHA256.hex(Array("7:0".utf8))
        let second = SHA256.hex(Array("7:1".utf8))
        #expect(memoText(number: 7, length: 0).isEmpty)
        #expect(memoText(number: 7, length: 10) == String(first.prefix(10)))
        #expect(memoText(number: 7, length: 100) == first + second.prefix(36))
    }
}
