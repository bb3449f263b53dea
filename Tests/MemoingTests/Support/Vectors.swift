import Foundation
import Memoing
import Signing

/// `hio_memograms.json`, as far as the tests read it.
struct Vectors: Decodable {
    struct Key: Decodable {
        var name, seed, verkey, vid, qvk, qss: String
        var vid_code, vid_raw: String
    }
    struct Memo: Decodable {
        var text, `repeat`: String?
        var chars: Int?
    }
    struct Result: Decodable {
        var n: Int
        var bytes: Int
        var sha256: String
        var grams: [String]?
        var lens: [[Int]]?
        var first, second, last, first_head, first_tail: String?
    }
    struct Rend: Decodable, CustomStringConvertible {
        var id, code: String
        var curt: Bool
        var size: Int?
        var size_effective: Int
        var key: String?
        var memo: Memo
        var memo_bytes: Int
        var memo_sha256, mid_raw, mid, conformance: String
        var intended: Result?
        var n, bytes: Int?
        var sha256: String?
        var grams: [String]?
        var lens: [[Int]]?
        var first, second, last, first_head, first_tail: String?
        var description: String { id }

        /// What a correct sender makes.
        var result: Result? {
            if conformance == "hio-defect" { return intended }
            guard let n, let bytes, let sha256 else { return nil }
            return Result(
                n: n, bytes: bytes, sha256: sha256, grams: grams, lens: lens, first: first, second: second, last: last,
                first_head: first_head, first_tail: first_tail)
        }
    }
    struct Codec: Decodable {
        var kind, op: String
        var code, raw, qb64, name, b64: String?
        var int, width, back: Int?
    }
    struct Step: Decodable {
        var src, gram: String
    }
    struct Delivered: Decodable, Equatable {
        var src, hex: String
        var vid: String?
    }
    struct Allowed: Decodable, Equatable {
        var drops, open: Int
    }
    struct Receive: Decodable, CustomStringConvertible {
        var id, name: String
        var keep: [String]
        var requiresSignature: Bool
        var steps: [Step]
        var expect: [Delivered]
        var drops, open: Int?
        var allowed: [Allowed]?
        var description: String { "\(id) \(name)" }
    }
    struct Empty: Decodable {
        var code: String
        var curt: Bool
        var size: Int
    }
    struct Size: Decodable {
        var code: String
        var curt: Bool
        var size: Int?
        var effective: Int
    }

    var keys: [Key]
    var rend: [Rend]
    var codec: [Codec]
    var rx: [Receive]
    var empty_memo: [Empty]
    var sizes: [Size]

    static let shared: Vectors = {
        let beside = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors/hio_memograms.json").path
        let path = ProcessInfo.processInfo.environment["VECTORS_HIO_MEMOGRAMS"] ?? beside
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return try JSONDecoder().decode(Vectors.self, from: data)
        } catch {
            fatalError("\(path): \(error)")
        }
    }()

    func key(_ name: String) -> Key { keys.first { $0.name == name }! }
}

/// Whether libsodium is there. With TYMIST_REQUIRE_TOOLS=1 the tests that need it run, and fail, without it.
let hasEd25519 = (try? Ed25519()) != nil || ProcessInfo.processInfo.environment["TYMIST_REQUIRE_TOOLS"] == "1"

extension MemoKind {
    init(code: String) { self = GramCode(rawValue: code)!.kind! }
}
