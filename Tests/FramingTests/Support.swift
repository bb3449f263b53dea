import Doing
import Foundation
import Framing
import Wiring

/// Message classes of the protocol that the vectors were made with.
struct NumMessage: LengthTypeMessage, Equatable {
    static let type: FrameType = 1
    var value: UInt32

    init(_ value: UInt32) { self.value = value }
    init(unpacking body: [UInt8]) throws(BodyError) {
        guard body.count == 4 else { throw .length(have: body.count, need: 4) }
        value = body.reduce(0) { $0 << 8 | UInt32($1) }
    }
    func pack(into body: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { body.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }
}

struct StrMessage: LengthTypeMessage, Equatable {
    static let type: FrameType = 2
    var bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }
    init(bytes: [UInt8]) { self.bytes = bytes }
    init(unpacking body: [UInt8]) throws(BodyError) { bytes = body }
    func pack(into body: inout [UInt8]) { body += bytes }
}

/// Type 3 of the vectors: raw bytes.
struct RawMessage: LengthTypeMessage {
    static let type: FrameType = 3
    init(unpacking body: [UInt8]) throws(BodyError) {}
    func pack(into body: inout [UInt8]) { body.append(0x78) }
}

/// A type that few formats can say.
struct WideMessage: LengthTypeMessage {
    static let type: FrameType = 300
    init() {}
    init(unpacking body: [UInt8]) throws(BodyError) {}
    func pack(into body: inout [UInt8]) { body.append(0x78) }
}

func words(_ format: LengthTypeFormat = LengthTypeFormat()) throws -> LengthTypeProtocol {
    try LengthTypeProtocol([NumMessage.self, StrMessage.self, RawMessage.self], format)
}

func unhex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension FrameCore {
    /// Hands over bytes in one piece.
    mutating func feed(_ bytes: [UInt8], at tyme: Tyme = 0) { handle(bytes.span.bytes, at: tyme) }

    /// Takes all that waits to be sent.
    mutating func drain(at tyme: Tyme = 0) -> [UInt8] {
        var taken: [UInt8] = []
        while true {
            let piece = lendOutput { bytes in bytes.withUnsafeBytes { Array($0) } }
            guard !piece.isEmpty else { return taken }
            taken += piece
            sent(piece.count, at: tyme)
        }
    }

    /// The messages that have come.
    mutating func messages() -> [Message] {
        var messages: [Message] = []
        while let event = pollEvent() { if case .message(let message) = event { messages.append(message) } }
        return messages
    }

    /// Two passes at a tyme: a deadline ends a wait in the second pass after it.
    mutating func wait(until tyme: Tyme) {
        expire(at: tyme)
        expire(at: tyme)
    }
}

/// Cuts bytes at random.
func chunks(_ bytes: [UInt8], _ random: inout SplitMix64, upTo longest: Int) -> [[UInt8]] {
    var (cut, index): ([[UInt8]], Int) = ([], 0)
    while index < bytes.count {
        let end = min(bytes.count, index + 1 + random.below(longest))
        cut.append(Array(bytes[index..<end]))
        index = end
    }
    return cut
}

/// Bytes that tell where they stand.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }
