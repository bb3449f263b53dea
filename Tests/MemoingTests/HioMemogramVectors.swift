import Memoing
import Signing
import Testing

/// Memograms as hio 0.7.20 sends and receives them.
@Suite struct HioMemogramVectors {
    static let vectors = Vectors.shared
    static let plain = vectors.rend.filter { $0.key == nil }
    static let signed = vectors.rend.filter { $0.key != nil }

    @Test("the file holds what it says")
    func complete() {
        let vectors = Self.vectors
        #expect(vectors.rend.count >= 200)
        #expect(vectors.codec.count >= 80)
        #expect(vectors.rx.count >= 50)
        #expect(vectors.sizes.count >= 100)
        #expect(!vectors.empty_memo.isEmpty)
    }

    @Test("unsigned memos are cut into hio's grams, byte for byte", arguments: plain)
    func rendPlain(_ vector: Vectors.Rend) throws {
        let memo = try Self.memo(of: vector)
        let grams = try rend(
            memo, mid: Mid(raw: unhex(vector.mid_raw)), kind: MemoKind(code: vector.code),
            domain: vector.curt ? .binary : .text, size: vector.size)
        try Self.check(grams, against: vector)
        #expect(fuse(try grams.map { try pick($0) }) == memo)
    }

    @Test("signed memos are cut into hio's grams, byte for byte", .enabled(if: hasEd25519), arguments: signed)
    func rendSigned(_ vector: Vectors.Rend) throws {
        let memo = try Self.memo(of: vector)
        let key = Self.vectors.key(try #require(vector.key))
        let signer = try Ed25519()
        let seed = try Seed(text: key.qss)
        let keys = try KeyPair(seed: seed, signer: signer)
        #expect(keys.verifyKey == (try VerifyKey(text: key.qvk)))
        let grams = try rend(
            memo, mid: Mid(text: vector.mid), kind: MemoKind(code: vector.code),
            domain: vector.curt ? .binary : .text, size: vector.size, as: Vid(text: key.vid), keys: keys,
            signer: signer)
        try Self.check(grams, against: vector)
        let picked = try grams.map { try pick($0) }
        #expect(fuse(picked) == memo)
        for (gram, view) in zip(grams, picked.map(\.view)) {
            let signature = try #require(view.signature)
            let width = gram.count - view.body.upperBound
            let message = Array(gram.dropLast(width))
            let isGood = signer.verify(signature, of: message.span.bytes, key: keys.verifyKey)
            #expect(isGood)
            #expect(view.vid?.text == (view.number == 0 ? key.vid : nil))
        }
    }

    @Test("the effective size is hio's, and above the maximum it is refused")
    func sizes() throws {
        for vector in Self.vectors.sizes {
            func effective() throws(MemoError) -> Int {
                try GramSize.effective(
                    vector.size, maximum: GramSize.largest, kind: MemoKind(code: vector.code),
                    domain: vector.curt ? .binary : .text)
            }
            if let size = vector.size, size > GramSize.largest {
                #expect(throws: MemoError.gramSizeTooLarge(size: size, maximum: 65535)) { try effective() }
            } else {
                #expect(try effective() == vector.effective)
            }
        }
    }

    @Test("an empty memo is one gram with an empty body")
    func emptyMemo() throws {
        let signer = TestSigner()
        let keys = try KeyPair(seed: Seed(raw: Array(0..<32)), signer: signer)
        for vector in Self.vectors.empty_memo {
            let domain: Domain = vector.curt ? .binary : .text
            let kind = MemoKind(code: vector.code)
            let mid = Mid(high: 1, low: 2)
            let grams =
                kind.isSigned
                ? try rend(
                    [], mid: mid, kind: kind, domain: domain, size: vector.size, as: Vid(keys.verifyKey), keys: keys,
                    signer: signer) : try rend([], mid: mid, kind: kind, domain: domain, size: vector.size)
            #expect(grams.map(\.count) == [kind.isSigned ? (vector.curt ? 123 : 164) : (vector.curt ? 24 : 32)])
            let view = try pick(grams[0]).view
            #expect(view.count == 1 && view.number == 0 && view.body.isEmpty)
            #expect(fuse([try pick(grams[0])]) == [])
        }
    }

    @Test("ids, keys, seeds, signatures and numbers are written and read as hio does")
    func codecRoundTrips() throws {
        for vector in Self.vectors.codec where vector.op == "roundtrip" {
            if vector.kind == "b64int" {
                let int = try #require(vector.int)
                if int < 1 << 24 {
                    #expect(try Base64URL.text(number: int) == vector.b64)
                    #expect(try Base64URL.number(#require(vector.b64)) == vector.back)
                } else {
                    #expect(throws: CodecError.self) { try Base64URL.text(number: int) }
                    #expect(throws: CodecError.self) { try Base64URL.number(#require(vector.b64)) }
                }
                continue
            }
            let (code, raw) = try (#require(vector.code), unhex(#require(vector.raw)))
            let text = try #require(vector.qb64)
            #expect(try Self.encode(vector.kind, raw, code) == text)
            #expect(try Self.decode(vector.kind, text) == raw)
        }
    }

    @Test("whatever hio refuses, or ought to, is refused with a typed error")
    func codecRefusals() throws {
        var checked = 0
        for vector in Self.vectors.codec where vector.op != "roundtrip" {
            let name: Comment = "\(vector.kind) \(vector.name ?? "")"
            switch vector.op {
            case "decode-invalid":
                let text = try #require(vector.qb64)
                #expect(throws: CodecError.self, name) { try Self.decode(vector.kind, text) }
            case "encode-invalid":
                let (code, raw) = try (#require(vector.code), unhex(#require(vector.raw)))
                #expect(throws: CodecError.self, name) { try Self.encode(vector.kind, raw, code) }
            default: Issue.record("unknown op \(vector.op)")
            }
            checked += 1
        }
        #expect(checked >= 50)
    }
}

extension HioMemogramVectors {
    static func memo(of vector: Vectors.Rend) throws -> [UInt8] {
        let text: String
        if let whole = vector.memo.text {
            text = whole
        } else {
            let part = try Array(#require(vector.memo.repeat).unicodeScalars)
            let count = try #require(vector.memo.chars)
            var scalars = String.UnicodeScalarView()
            for index in 0..<count { scalars.append(part[index % part.count]) }
            text = String(scalars)
        }
        let memo = Array(text.utf8)
        try #require(memo.count == vector.memo_bytes && SHA256.digest(memo) == vector.memo_sha256)
        return memo
    }

    static func check(_ grams: [[UInt8]], against vector: Vectors.Rend) throws {
        let result = try #require(vector.result)
        #expect(grams.count == result.n)
        #expect(grams.reduce(0) { $0 + $1.count } == result.bytes)
        var hash = SHA256()
        for gram in grams {
            hash.update((0..<4).map { UInt8(truncatingIfNeeded: gram.count >> (24 - 8 * $0)) })
            hash.update(gram)
        }
        #expect(hash.finish() == result.sha256)
        if let all = result.grams { #expect(grams.map(hex) == all) }
        if let lens = result.lens {
            #expect(grams.map(\.count) == lens.flatMap { Array(repeating: $0[0], count: $0[1]) })
        }
        if let first = result.first { #expect(grams.first.map(hex) == first) }
        if let second = result.second { #expect(hex(grams[1]) == second) }
        if let last = result.last { #expect(grams.last.map(hex) == last) }
        if let head = result.first_head { #expect(hex(grams[0].prefix(80)) == head) }
        if let tail = result.first_tail { #expect(hex(grams[0].suffix(96)) == tail) }
    }

    static func encode(_ kind: String, _ raw: [UInt8], _ code: String) throws -> String {
        switch kind {
        case "vid": try Vid(raw: raw, code: code).text
        case "qvk": try VerifyKey(raw: raw, code: code).text
        case "qss": try Seed(raw: raw, code: code).text
        default: try Signature(raw: raw, code: code).text
        }
    }

    static func decode(_ kind: String, _ text: String) throws -> [UInt8] {
        switch kind {
        case "vid": try Vid(text: text).raw
        case "qvk": try VerifyKey(text: text).raw
        case "qss": try Seed(text: text).raw
        default: try Signature(text: text).raw
        }
    }
}
