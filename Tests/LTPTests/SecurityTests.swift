import Doing
import Foundation
import Testing
import Wiring

@testable import LTP

/// `ltp_security.json`, as far as the tests read it.
private struct SecurityVectors: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
        var name: String
        var suite: UInt8
        var keys: [[String]]
        var plain, sealed: String
        var verifies: Bool
        var why: String
        var is_canonical: Bool
        var testDescription: String { "\(name), suite \(suite)" }

        var authentication: LTPAuthentication {
            let keys = keys.map { LTPAuthentication.Key(id: bytes(hex: $0[0]), secret: bytes(hex: $0[1])) }
            return LTPAuthentication(suite == 0 ? .hmacSHA1 : suite == 255 ? .null : .signer(suite), keys: keys)
        }
    }
    var cases: [Case]

    static let all: [Case] = {
        let home = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["VECTORS_LTP_SECURITY"]
            ?? home.appending(path: "Vectors/ltp_security.json").path
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return (try? JSONDecoder().decode(SecurityVectors.self, from: data).cases) ?? []
    }()
}

/// Knows the signatures of the vectors, and no others: what RSA itself does is the affair of whoever brings it.
private final class KnownSignatures: LTPSigner {
    let signatureBytes = 128
    private var known: [[UInt8]: [UInt8]] = [:]

    init() {
        for one in SecurityVectors.all where one.suite == 1 && one.verifies {
            let sealed = bytes(hex: one.sealed)
            known[Array(sealed.dropLast(128))] = Array(sealed.suffix(128))
        }
    }

    func sign(_ segment: RawSpan, key: [UInt8], to peer: UInt64) -> [UInt8] {
        known[segment.withUnsafeBytes { Array($0) }] ?? Array(repeating: 0, count: 128)
    }

    func verify(_ signature: RawSpan, of segment: RawSpan, key: [UInt8], from peer: UInt64) -> Bool {
        known[segment.withUnsafeBytes { Array($0) }] == signature.withUnsafeBytes { Array($0) }
    }
}

@Suite("Vectors of RFC 5327, made by another hand")
struct LTPSecurityVectors {
    @Test("the vectors are there")
    func complete() {
        #expect(SecurityVectors.all.count >= 60 && Set(SecurityVectors.all.map(\.suite)) == [0, 1, 255])
    }

    @Test("what verifies is taken, what does not is not, and a sender makes the same bytes")
    func cases() throws {
        let signer = KnownSignatures()
        for one in SecurityVectors.all {
            let sealed = bytes(hex: one.sealed)
            let isTaken = one.authentication.verifies(sealed.span.bytes, signer: signer)
            #expect(isTaken == one.verifies, "\(one.testDescription): \(one.why)")
            guard one.is_canonical else { continue }
            let plain = try LTPSegment(bytes(hex: one.plain).span.bytes)
            #expect(one.authentication.seal(plain, signer: signer) == sealed, "\(one.testDescription)")
        }
    }

    @Test(
        "SHA-1 and HMAC-SHA1 of FIPS 180 and RFC 2202",
        arguments: [
            ("", "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"),
            (String(repeating: "0b", count: 20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
            ("4a656665", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (
                String(repeating: "aa", count: 80), "Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112"
            ),
        ])
    func hmac(key: String, message: String, code: String) {
        let hash = SHA1()
        #expect(hash.digest(Array("abc".utf8).span.bytes) == bytes(hex: "a9993e364706816aba3e25717850c26c9cd0d89d"))
        let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        #expect(hash.digest(long.span.bytes) == bytes(hex: "84983e441c3bd26ebaae4aa1f95129e5e54670f1"))
        let million = Array(repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(hash.digest(million.span.bytes) == bytes(hex: "34aa973cd4c4daa4f61eeb2bdbad27316534016f"))
        #expect(HMACSHA1(key: bytes(hex: key)).code(Array(message.utf8).span.bytes).bytes == bytes(hex: code))
    }
}

@Suite("Authentication and cookies in sessions")
struct LTPSecurityTests {
    private let key = LTPAuthentication.Key(id: [1], secret: Array(0..<20))

    /// Blocks both ways of all colours under loss; returns the world for more to be asked.
    private func exchange(seed: UInt64 = 1, loss: Double = 0.1, _ peer: (inout LTPPeer) -> Void) throws -> World {
        let world = try World(seed: seed) {
            ($0.mtu, $0.checkpointEvery) = (300, 4)
            peer(&$0)
        }
        var random = Draws(seed)
        world.rule = { _ in random.chance(loss) ? .drop : .deliver }
        for number in 0..<6 {
            let red = number > 3 ? 2000 : nil
            try world.send(pattern(3000, number), from: 1 + number % 2, to: 2 - number % 2, red: red)
        }
        #expect(world.run() < 200_000)
        for engine in 1...2 {
            #expect(world.ends(engine) == ["complete", "complete", "complete"])
            #expect(world.reds(engine).map(\.bytes.count).sorted() == [2000, 3000, 3000])
        }
        #expect(world.isQuiet)
        #expect(world.log.allSatisfy { $0.flight.segment.bytes.count <= 300 })
        return world
    }

    @Test(
        "every segment carries a value that verifies, fits into the MTU, and blocks arrive", arguments: [0, 255, 200])
    func authenticated(suite: UInt8) throws {
        let suites: [UInt8: LTPAuthentication.Ciphersuite] = [0: .hmacSHA1, 255: .null, 200: .signer(200)]
        let authentication = LTPAuthentication(try #require(suites[suite]), keys: [key])
        final class Sum: LTPSigner {
            let signatureBytes = 3
            func sign(_ segment: RawSpan, key: [UInt8], to peer: UInt64) -> [UInt8] {
                let sum = segment.withUnsafeBytes { $0.reduce(0) { $0 &* 31 &+ Int($1) } }
                return (0..<3).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
            }
            func verify(_ signature: RawSpan, of segment: RawSpan, key: [UInt8], from peer: UInt64) -> Bool {
                sign(segment, key: key, to: 0) == signature.withUnsafeBytes { Array($0) }
            }
        }
        let signer = Sum()
        let world = try World { ($0.mtu, $0.authentication) = (300, authentication) }
        for place in 0..<2 { world.engines[place].signer = signer }
        let block = pattern(5000)
        try world.send(block, red: 4000)
        world.rule = { $0.number == 2 ? .drop : .deliver }
        world.run()
        #expect(world.reds(2).map(\.bytes) == [Array(block[..<4000])])
        #expect(world.ends(1) == ["complete"] && world.isQuiet)
        for one in world.log {
            let bytes = one.flight.segment.bytes
            #expect(bytes.count <= 300 && authentication.verifies(bytes.span.bytes, signer: signer))
        }
        #expect(try world.engines[1].counters(1).unauthentic.count == 0)
    }

    @Test("under loss, both ways, with authentication and cookies of either end or both", arguments: 0..<4)
    func underLoss(which: Int) throws {
        for seed in 1...10 {
            let world = try exchange(seed: UInt64(seed)) {
                $0.authentication = which < 2 ? LTPAuthentication(.hmacSHA1, keys: [key]) : nil
                $0.cookieBytes = which == 0 ? 0 : 16
            }
            guard which > 0 else { continue }
            // Every segment has a cookie, and all of a session have one beginning.
            var cookies: [LTPSession: [UInt8]] = [:]
            for one in world.log {
                let values = one.flight.segment.headerExtensions.filter { $0.tag == 1 }.map(\.value)
                #expect(values.count == 1 && values[0].count == 16)
                let known = cookies.updateValue(values[0], forKey: one.flight.segment.session)
                #expect(known == nil || known == values[0])
            }
        }
    }

    @Test("what is forged, even from the peer's own address, is counted and changes nothing")
    func forged() throws {
        for cookies in [false, true] {
            let world = try World {
                ($0.mtu, $0.rate, $0.burst) = (300, 2000, 300)
                $0.cookieBytes = cookies ? 16 : 0
                $0.authentication = cookies ? nil : LTPAuthentication(.hmacSHA1, keys: [key])
            }
            let block = pattern(4000)
            let session = try world.send(block)
            world.run(until: 1)
            let all = LTPSegment.Report(
                serial: 7, checkpoint: 0, upper: 500, lower: 0, claims: [.init(offset: 0, length: 500)])
            let contents: [LTPSegment.Content] = [
                .report(all), .cancel(by: .receiver, .user), .cancel(by: .sender, .user), .reportAck(8),
                .data(.init(type: 3, client: 1, offset: 0, data: [9, 9], checkpoint: 4)),
            ]
            for content in contents {
                var segment = LTPSegment(session, content)
                world.inject(segment, to: 1, from: 2)
                world.inject(segment, to: 2, from: 1)
                segment.headerExtensions = [LTPExtension(tag: 1, value: Array(repeating: 7, count: 16))]
                world.inject(segment, to: 1, from: 2)
                world.inject(segment, to: 2, from: 1)
            }
            world.run()
            #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"] && world.isQuiet)
            let (one, two) = (try world.engines[0].counters(2), try world.engines[1].counters(1))
            // Reports and cancellations by the receiver; and data, acknowledgements, cancellations by the sender.
            #expect(cookies ? one.badCookies.count == 4 : one.unauthentic.count == 4)
            #expect(cookies ? two.badCookies.count == 6 : two.unauthentic.count == 6)
        }
    }

    @Test("keys change while blocks are under way, and nothing is lost")
    func keyChange() throws {
        let world = try World { $0.mtu = 300 }
        let new = LTPAuthentication.Key(id: [2], secret: Array(100..<120))
        func set(_ keys: [LTPAuthentication.Key], at engine: Int) throws {
            var peer = world.engines[engine - 1].peer(UInt64(3 - engine))!
            (peer.authentication, peer.rate, peer.burst) = (LTPAuthentication(.hmacSHA1, keys: keys), 2000, 300)
            try world.update(peer, at: engine)
        }
        for engine in 1...2 { try set([key], at: engine) }
        let block = pattern(12_000)
        try world.send(block)
        world.run(until: 2)
        for engine in 1...2 { try set([key, new], at: engine) }
        world.run(until: 3)
        for engine in 1...2 { try set([new, key], at: engine) }
        world.run(until: 4)
        for engine in 1...2 { try set([new], at: engine) }
        world.run()
        #expect(world.reds(2).map(\.bytes) == [block] && world.ends(1) == ["complete"] && world.isQuiet)
        let ids = world.log.map(\.flight.segment.headerExtensions.first?.value)
        #expect(ids.contains([0, 1]) && ids.last == [0, 2])
    }

    @Test("an end without authentication passes over what the other puts in")
    func passedOver() throws {
        let world = try World(2) { if $0.engine == 2 { $0.authentication = LTPAuthentication(.null) } }
        try world.send(pattern(100))
        world.run(until: 1)
        #expect(world.reds(2).count == 1 && world.ends(1) == [])
        // And the other way nothing is taken.
        #expect(try world.engines[0].counters(2).unauthentic.count > 0)
    }

    @Test("a cookie of the peer may be made longer, once from each end; the shorter one ends after a round trip")
    func jar() {
        var jar = CookieJar()
        func takes(_ found: [[UInt8]], _ tyme: Tyme) -> Bool { jar.takes(found, at: tyme, delay: 2) }
        #expect(takes([], 0) && jar.isEmpty)
        #expect(takes([[1, 2, 3]], 1))
        #expect(takes([], 2.9) && !takes([], 3))
        #expect(!takes([[1, 2, 4]], 3) && !takes([[1, 2]], 3))
        #expect(takes([[1, 2, 3, 4]], 4) && jar.extensions.bytes == [1, 4, 1, 2, 3, 4])
        #expect(takes([[1, 2, 3]], 5.9) && !takes([[1, 2, 3]], 6))
        #expect(takes([[1, 2, 3, 4]], 7))
        // A cookie of this end: both must stand there once the peer can know of it.
        jar.bake([9, 9], strictFrom: 10)
        #expect(takes([[1, 2, 3, 4]], 9.9) && !takes([[1, 2, 3, 4]], 10))
        #expect(takes([[9, 9], [1, 2, 3, 4]], 10) && jar.extensions.count == 2)
        #expect(!takes([[9, 9], [1, 2, 3, 4], [5]], 11))
        #expect(!takes([Array(repeating: 9, count: 65), [1, 2, 3, 4]], 11))
        // After the round trip no second one can be put in.
        jar = CookieJar()
        jar.bake([7], strictFrom: 1)
        #expect(!takes([[7], [8]], 2) && takes([[7]], 2))
        #expect(!takes([[7], []], 2))
    }

    @Test("values that cannot be used are refused by name")
    func refusals() throws {
        var peer = LTPPeer(engine: 3, address: World.address(3))
        func reason() -> String? {
            do { try peer.check() } catch { return "\(error)" }
            return nil
        }
        peer.authentication = LTPAuthentication(.hmacSHA1, keys: [])
        #expect(reason() == "authentication.keys 0 keys: expected 1 to 4")
        peer.authentication = LTPAuthentication(.hmacSHA1)
        #expect(reason() == "authentication.keys.secret 0 bytes: expected at least 10")
        peer.authentication = LTPAuthentication(.signer(7), keys: [key])
        #expect(reason() == "authentication.suite 7: expected 1, or 192 to 254")
        peer.authentication = LTPAuthentication(.null)
        peer.cookieBytes = 65
        #expect(reason() == "cookieBytes 65: expected 0 to 64")
        peer.cookieBytes = 16
        #expect(reason() == nil)
    }
}
