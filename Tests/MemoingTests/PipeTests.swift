import Doing
import Memoing
import Testing

/// `rend`, `pick` and `fuse` as functions of bytes.
@Suite struct PipeTests {
    static let signer = TestSigner()
    static let keys = try! KeyPair(seed: Seed(raw: Array(1...32)), signer: signer)
    static let vid = Vid(keys.verifyKey)

    static func cut(_ memo: [UInt8], _ kind: MemoKind, _ domain: Domain, _ size: Int?, _ mid: Mid) throws -> [[UInt8]] {
        try rend(memo, mid: mid, kind: kind, domain: domain, size: size, as: vid, keys: keys, signer: signer)
    }

    @Test(
        "fuse(rend(memo).map(pick)) is the memo, for every kind, domain and many sizes, in any order, with repeats",
        arguments: MemoKind.allCases, Domain.allCases)
    func roundTrip(_ kind: MemoKind, _ domain: Domain) throws {
        var random = SplitMix64(seed: 42)
        let rounds = 300
        for _ in 0..<rounds {
            let memo = MemoerTests.bytes(random.below(random.below(2) == 0 ? 40 : 6000), seed: random.next())
            let size = [nil, 0, 25, 33, 130, 200, 1240, 65535][random.below(8)] as Int?
            let mid = Mid(random: &random, at: 1.5)
            let grams = try Self.cut(memo, kind, domain, size, mid)
            let limit = try GramSize.effective(size, maximum: GramSize.largest, kind: kind, domain: domain)
            #expect(grams.allSatisfy { $0.count <= limit })
            var picked = try grams.map { try pick($0) }
            #expect(picked.map(\.view.number) == Array(0..<grams.count))
            #expect(picked.allSatisfy { $0.view.mid == mid && $0.view.code.kind == kind && $0.view.domain == domain })
            #expect(picked[0].view.count == grams.count)
            #expect(fuse(picked) == memo)
            for _ in 0..<3 { picked.append(picked[random.below(picked.count)]) }
            random.shuffle(&picked)
            #expect(fuse(picked) == memo)
            let missing = picked.filter { $0.view.number != grams.count - 1 }
            if grams.count > 1 { #expect(fuse(missing) == nil) }
        }
    }

    @Test("every truncation of a gram is refused or picked with a shorter body, and never traps")
    func truncations() throws {
        for kind in MemoKind.allCases {
            for domain in Domain.allCases {
                let gram = try Self.cut([1, 2, 3], kind, domain, nil, Mid(high: 5, low: 6))[0]
                let overhead = kind.zeroth.layout.overhead(in: domain)
                for length in 0..<gram.count {
                    let part = Array(gram[..<length])
                    if length < overhead {
                        #expect(throws: GramError.self) { try pick(part) }
                    } else if !kind.isSigned {
                        #expect(try pick(part).body.count == length - overhead)
                    }
                }
            }
        }
    }

    @Test("a bad character is refused wherever it stands in a head")
    func badCharacters() throws {
        let gram = try Self.cut([], .signed, .text, nil, Mid(high: 5, low: 6))[0]
        for index in gram.indices {
            for bad in [UInt8](0...255) where !Self.alphabet.contains(bad) {
                var other = gram
                other[index] = bad
                #expect(throws: GramError.self) { try pick(other) }
            }
        }
    }

    static let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    @Test("all 2^24 numbers would be written as the bits say: each digit and each place")
    func numbers() throws {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        for place in 0..<4 {
            for digit in 0..<64 {
                let number = digit << (6 * place)
                var text = Array("AAAA")
                text[3 - place] = digits[digit]
                #expect(try Base64URL.text(number: number) == String(text))
                #expect(try Base64URL.number(String(text)) == number)
            }
        }
        #expect(throws: CodecError.outOfRange(field: "number", value: -1, limit: 16_777_215)) {
            try Base64URL.text(number: -1)
        }
    }

    @Test("a head is written the same in both domains: the text is the base64url of the bytes")
    func domains() throws {
        var random = SplitMix64(seed: 3)
        for kind in MemoKind.allCases where !kind.isSigned {
            for _ in 0..<200 {
                let mid = Mid(high: random.next(), low: random.next())
                let text = try Self.cut([], kind, .text, nil, mid)[0]
                let binary = try Self.cut([], kind, .binary, nil, mid)[0]
                #expect(String(decoding: text, as: UTF8.self) == Self.base64URL(binary))
                #expect(try pick(text).view.mid == mid && pick(binary).view.mid == mid)
                #expect(mid.text == String(decoding: text[8...], as: UTF8.self))
                #expect(try Mid(text: mid.text) == mid && Mid(raw: mid.raw) == mid)
            }
        }
    }

    /// The plain way, a digit at a time.
    static func base64URL(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<start + 3].reduce(0) { $0 << 8 | Int($1) }
            for shift in [18, 12, 6, 0] { text.append(digits[group >> shift & 63]) }
        }
        return text
    }

    @Test("codes say what they are, and say it back")
    func codes() {
        #expect(GramCode.allCases.map(\.rawValue) == "ABCDEFGHIJ".map { "bAA\($0)" })
        for kind in MemoKind.allCases {
            #expect(kind.zeroth.following == kind.later && kind.later.following == nil)
            #expect(kind.zeroth.isZeroth && !kind.later.isZeroth)
            #expect(kind.zeroth.kind == kind && kind.later.kind == kind)
            #expect(kind.zeroth.isSigned == kind.isSigned && kind.zeroth.isSure == kind.isSure)
        }
        let overheads = GramCode.allCases.map { [$0.layout.overhead(in: .text), $0.layout.overhead(in: .binary)] }
        #expect(
            overheads == [
                [32, 24], [32, 24], [164, 123], [120, 90], [32, 24], [32, 24], [164, 123], [120, 90], [32, 24],
                [164, 123],
            ])
        #expect(GramCode.ack.isAck && GramCode.signedAck.isAck && GramCode.ack.kind == nil)
    }

    @Test("mids sort in time, are shaped like UUIDs of version 7, and no two are alike")
    func mids() throws {
        var random = SplitMix64(seed: 9)
        let tymes: [Tyme] = [0, 0.001, 0.5, 1, 60, 86_400, 1.7e9]
        let mids = tymes.map { Mid(random: &random, at: $0) }
        #expect(mids == mids.sorted() && Set(mids).count == mids.count)
        #expect(mids.allSatisfy { $0.raw[6] >> 4 == 7 && $0.raw[8] >> 6 == 2 })
        #expect(mids[3].raw[..<6].reduce(0) { $0 << 8 | Int($1) } == 1000)
        #expect(Mid(random: &random, at: .nan).raw[..<6].allSatisfy { $0 == 0 })
        #expect(Mid(random: &random, at: .infinity).raw[..<6].allSatisfy { $0 == 255 })

        var memoer = Memoer(random: SplitMix64(seed: 1))
        var last = try memoer.memoit("x", to: .host(2))
        for index in 0..<5000 {
            if index == 2500 { memoer.feed([UInt8](), at: 7) }
            let mid = try memoer.memoit("x", to: .host(2))
            #expect(mid > last)
            last = mid
        }
    }

    @Test("secrets are not printed")
    func secrets() throws {
        let seed = try Seed(raw: Array(1...32))
        let text = "\(seed) \(String(reflecting: seed)) \(KeyPair(verifyKey: Self.keys.verifyKey, seed: seed))"
        #expect(!text.contains(seed.text.dropFirst(4)) && text.contains("secret"))
        var dumped = ""
        dump(seed, to: &dumped)
        #expect(dumped.count < 60)
    }
}
