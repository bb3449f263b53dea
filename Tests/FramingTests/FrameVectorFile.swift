import Foundation

/// The file of vectors, as it is.
struct FrameVectorFile: Decodable, Sendable {
    struct Pack: Decodable, Sendable { let hex, len, message, type: String }
    struct PackError: Decodable, Sendable {
        let body, total, message_type: Int?
        let header, error: String?
        let len, type: String
        let ok: Bool?
    }
    struct Delivered: Decodable, Sendable {
        let type: Int
        let num: UInt32?
        let hex: String?
    }
    struct Receive: Decodable, Sendable {
        let name, len, type, left_in_buffer: String
        let chunks: [String]
        let delivered: [Delivered?]
        let error: String?
    }
    struct LengthType: Decodable, Sendable {
        let pack: [Pack]
        let pack_errors: [PackError]
        let receive: [Receive]
    }
    struct Piece: Decodable, Sendable {
        let dir: String
        let hex: String?
        let fin: Bool?
    }
    struct Exchange: Decodable, Sendable {
        let name: String
        let sent: [String]
        let transcript: [Piece]
    }
    struct Ours: Decodable, Sendable {
        let sends, deliveries: [String]
        let error: String?
        let closes: Bool
        let then: String?
    }
    struct Raw: Decodable, Sendable {
        let name: String
        let steps: [[String]]
        let ours: Ours
    }
    struct Handshake: Decodable, Sendable {
        let exchanges: [Exchange]
        let raw_server, raw_client: [Raw]
    }
    let length_type: LengthType
    let handshake: Handshake

    static let shared: FrameVectorFile = {
        let path =
            ProcessInfo.processInfo.environment["VECTORS_FRAMES"]
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/frames.json").path
        guard let data = FileManager.default.contents(atPath: path) else { fatalError("\(path) cannot be read") }
        do { return try JSONDecoder().decode(FrameVectorFile.self, from: data) } catch {
            fatalError("\(path): \(error)")
        }
    }()
}
