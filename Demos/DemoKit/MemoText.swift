/// The text of memo number `number` that every demo peer, in any language, can make again.
///
/// - Parameters:
///   - number: which memo, from 0.
///   - length: how many characters.
/// - Returns: the first `length` characters of SHA-256 hex of "number:0", "number:1", … joined.
public func memoText(number: Int, length: Int) -> String {
    var text = ""
    text.reserveCapacity(length + 64)
    var block = 0
    while text.utf8.count < length {
        text += SHA256.hex(Array("\(number):\(block)".utf8))
        block += 1
    }
    return String(text.prefix(length))
}
