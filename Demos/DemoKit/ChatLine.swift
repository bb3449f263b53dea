import Framing

/// A line of a chat: one byte of length, so many bytes of name, and the text, both UTF-8.
struct ChatLine: LengthTypeMessage {
    static let type: FrameType = 1
    var name: String
    var text: String

    init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    init(unpacking body: [UInt8]) throws(BodyError) {
        let length = Int(body.first ?? 0)
        guard body.count > length else { throw .length(have: body.count, need: 1 + length) }
        guard let name = String(validating: body[1..<1 + length], as: UTF8.self),
            let text = String(validating: body[(1 + length)...], as: UTF8.self)
        else { throw .content(offset: 1) }
        (self.name, self.text) = (name, text)
    }

    func pack(into body: inout [UInt8]) {
        body.append(UInt8(truncatingIfNeeded: name.utf8.count))
        body += Array(name.utf8) + Array(text.utf8)
    }
}
