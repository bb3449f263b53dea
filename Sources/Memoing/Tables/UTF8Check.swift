/// True if `bytes` are well-formed UTF-8 (RFC 3629): no surrogates, nothing above U+10FFFF, no longer form than needed.
///
/// - Complexity: linear; eight bytes a step where they are ASCII.
func isUTF8(_ bytes: RawSpan) -> Bool {
    var at = 0
    let count = bytes.byteCount
    while at < count {
        if at &+ 8 <= count {
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
            if word & 0x8080_8080_8080_8080 == 0 {
                at &+= 8
                continue
            }
        }
        guard let length = lengthOfScalar(bytes, at, count) else { return false }
        at &+= length
    }
    return true
}

/// Bytes of the scalar at `at`, or nil if none stands there. The table of RFC 3629 §4.
private func lengthOfScalar(_ bytes: borrowing RawSpan, _ at: Int, _ count: Int) -> Int? {
    let first = unsafe bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
    let need: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: need = 2
    case 0xE0: (need, second) = (3, 0xA0...0xBF)
    case 0xED: (need, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: need = 3
    case 0xF0: (need, second) = (4, 0x90...0xBF)
    case 0xF4: (need, second) = (4, 0x80...0x8F)
    case 0xF1...0xF3: need = 4
    default: return nil
    }
    guard at &+ need <= count, second.contains(unsafe bytes.unsafeLoad(fromByteOffset: at &+ 1, as: UInt8.self))
    else { return nil }
    for index in 2..<max(2, need) {
        guard (0x80...0xBF).contains(unsafe bytes.unsafeLoad(fromByteOffset: at &+ index, as: UInt8.self)) else {
            return nil
        }
    }
    return need
}
