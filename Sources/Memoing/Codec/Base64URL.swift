/// base64url without padding (RFC 4648 §5) for material that is a whole number of 24-bit groups, as all of a gram is.
///
/// Encoding works on eight characters as the bytes of one 64-bit lane, and on two lanes at once: six bytes are spread
/// to eight six-bit values by three halvings of the lane, and a value becomes its character by adding what each
/// threshold that it has passed asks for. Decoding looks each character up.
public enum Base64URL {
    #if _endian(big)
        #error("Base64URL puts the first character into the lowest byte of a lane")
    #endif

    /// Two lanes of 48 bits (the first byte highest) to sixteen characters.
    @inline(__always)
    static func encode(_ groups: SIMD2<UInt64>) -> SIMD16<UInt8> {
        let halves = ((groups &>> 24) & each(0xFF_FFFF)) | ((groups &<< 32) & each(0xFF_FFFF << 32))
        let quarters = ((halves &>> 12) & each(low12)) | ((halves &<< 16) & each(low12 << 16))
        let sixes = ((quarters &>> 6) & each(low6)) | ((quarters &<< 8) & each(low6 << 8))
        // 0...25 are A-Z, 26...51 a-z, 52...61 0-9, 62 is - and 63 is _. No byte ever carries into the next.
        var characters = sixes &+ each(65 &* ones)
        characters = characters &+ (passed(26, sixes) & each(6 &* ones))
        characters = characters &- (passed(52, sixes) & each(75 &* ones))
        characters = characters &- (passed(62, sixes) & each(13 &* ones))
        characters = characters &+ (passed(63, sixes) & each(49 &* ones))
        return unsafe unsafeBitCast(characters, to: SIMD16<UInt8>.self)
    }

    /// 0x7F in each byte that is at least `threshold`.
    @inline(__always) private static func passed(_ threshold: UInt64, _ bytes: SIMD2<UInt64>) -> SIMD2<UInt64> {
        let high = (bytes &+ each((128 &- threshold) &* ones)) & each(0x80 &* ones)
        return high &- (high &>> 7)
    }

    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var low6: UInt64 { 0x003F_003F_003F_003F }
    private static var low12: UInt64 { 0x0000_0FFF_0000_0FFF }
    @inline(__always) private static func each(_ word: UInt64) -> SIMD2<UInt64> { SIMD2(repeating: word) }

    /// Eight characters, the first in the lowest byte, as 48 bits; bit 63 is set if one is not of the alphabet: its
    /// value is -1, which leaves all bits above it set.
    @inline(__always)
    static func decode8(_ word: UInt64) -> UInt64 {
        unsafe values.withUnsafeBufferPointer { values in
            let table = values.baseAddress!
            var group: Int64 = 0
            for index in 0..<8 {
                let character = Int(truncatingIfNeeded: word &>> UInt64(8 &* index) & 0xFF)
                group = unsafe group &<< 6 | Int64(table[character])
            }
            return UInt64(bitPattern: group)
        }
    }

    /// 24 bytes of 32 characters as four lanes of six, or nil if a character is not of the alphabet.
    ///
    /// - Parameter onlyFirst: only the first lane is wanted, and only its characters are looked at.
    @unsafe @inline(__always)
    static func decodeHead(_ source: UnsafeRawPointer, onlyFirst: Bool) -> SIMD4<UInt64>? {
        let a = unsafe decode8(word(source, 0))
        if onlyFirst { return a < 1 << 63 ? SIMD4(a, 0, 0, 0) : nil }
        let b = unsafe decode8(word(source, 8))
        let c = unsafe decode8(word(source, 16))
        let d = unsafe decode8(word(source, 24))
        return (a | b) | (c | d) < 1 << 63 ? SIMD4(a, b, c, d) : nil
    }

    @unsafe @inline(__always) private static func word(_ source: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The value of each character; -1 where it is not of the alphabet. A literal, so that nothing is to be made
    /// ready at run time.
    private static let values: [Int8] = [
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0x3E, -1, -1,
        0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, -1, -1, -1, -1, -1, -1,
        -1, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E,
        0x0F, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, -1, -1, -1, -1, 0x3F,
        -1, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
        0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x30, 0x31, 0x32, 0x33, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    ]

    /// Four characters of one 24-bit number, the first in the lowest byte.
    @inline(__always)
    static func encode(number: UInt32) -> UInt32 {
        let halves = number &>> 12 & 0xFFF | number &<< 16 & 0xFFF_0000
        let sixes = halves &>> 6 & 0x003F_003F | halves &<< 8 & 0x3F00_3F00
        // The five offsets of `encode(_:)`, four bytes in one word; no byte ever carries into the next.
        let ones: UInt32 = 0x0101_0101
        var characters = sixes &+ 65 &* ones
        characters &+= ((sixes &+ (128 - 26) &* ones) &>> 7 & ones) &* 6
        characters &-= ((sixes &+ (128 - 52) &* ones) &>> 7 & ones) &* 75
        characters &-= ((sixes &+ (128 - 62) &* ones) &>> 7 & ones) &* 13
        characters &+= ((sixes &+ (128 - 63) &* ones) &>> 7 & ones) &* 49
        return characters
    }

    /// The value of one character, or nil if it is not of the alphabet.
    static func value(of character: UInt8) -> UInt8? {
        let value = values[Int(character)]
        return value < 0 ? nil : UInt8(truncatingIfNeeded: value)
    }

    /// Writes `count` bytes at `source` as `count / 3 * 4` characters at `target`. `count` is a multiple of 3.
    @unsafe static func encode(_ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer) {
        var (from, to) = (0, 0)
        while from &+ 24 <= count {
            let groups = unsafe pack(source + from)
            unsafe (target + to).storeBytes(of: encode(groups.lowHalf), as: SIMD16<UInt8>.self)
            unsafe (target + to + 16).storeBytes(of: encode(groups.highHalf), as: SIMD16<UInt8>.self)
            from &+= 24
            to &+= 32
        }
        while from < count {
            let high = unsafe UInt32(source.load(fromByteOffset: from, as: UInt8.self))
            let middle = unsafe UInt32(source.load(fromByteOffset: from &+ 1, as: UInt8.self))
            let low = unsafe UInt32(source.load(fromByteOffset: from &+ 2, as: UInt8.self))
            let characters = encode(number: high << 16 | middle << 8 | low)
            unsafe (target + to).storeBytes(of: characters.littleEndian, as: UInt32.self)
            from &+= 3
            to &+= 4
        }
    }

    /// 24 bytes as four lanes of six.
    @unsafe @inline(__always)
    static func pack(_ source: UnsafeRawPointer) -> SIMD4<UInt64> {
        let a = unsafe UInt64(bigEndian: source.loadUnaligned(as: UInt64.self))
        let b = unsafe UInt64(bigEndian: source.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let c = unsafe UInt64(bigEndian: source.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        return SIMD4(
            a &>> 16, (a & 0xFFFF) &<< 32 | b &>> 32, (b & 0xFFFF_FFFF) &<< 16 | c &>> 48, c & 0xFFFF_FFFF_FFFF)
    }

    /// Writes `count` characters at `source` as `count / 4 * 3` bytes at `target`. `count` is a multiple of 4.
    ///
    /// - Returns: the place of the first character that is not of the alphabet, or nil.
    @unsafe static func decode(
        _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer
    ) -> Int? {
        var (from, to) = (0, 0)
        while from &+ 8 <= count {
            let group = unsafe decode8(word(source, from))
            guard group < 1 << 63 else { break }  // found below
            unsafe target.storeBytes(
                of: UInt32(truncatingIfNeeded: group &>> 16).bigEndian, toByteOffset: to, as: UInt32.self)
            unsafe target.storeBytes(
                of: UInt16(truncatingIfNeeded: group).bigEndian, toByteOffset: to &+ 4, as: UInt16.self)
            from &+= 8
            to &+= 6
        }
        while from < count {
            var group: UInt32 = 0
            for index in from..<from + 4 {
                guard let value = unsafe value(of: source.load(fromByteOffset: index, as: UInt8.self)) else {
                    return index
                }
                group = group << 6 | UInt32(value)
            }
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: group >> 16), toByteOffset: to, as: UInt8.self)
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: group >> 8), toByteOffset: to + 1, as: UInt8.self)
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: group), toByteOffset: to + 2, as: UInt8.self)
            from &+= 4
            to &+= 3
        }
        return nil
    }
}

extension Base64URL {
    /// Bytes as text. Their count must be a multiple of 3.
    static func text(_ bytes: [UInt8]) -> String {
        precondition(bytes.count % 3 == 0, "base64url of \(bytes.count) bytes")
        let characters = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count / 3 * 4) { room, count in
            unsafe bytes.withUnsafeBytes { source in
                guard let from = source.baseAddress, let to = room.baseAddress else { return }
                unsafe encode(from, source.count, to: UnsafeMutableRawPointer(to))
            }
            count = bytes.count / 3 * 4
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Text as bytes.
    ///
    /// - Parameters:
    ///   - field: what the text is, for the error.
    ///   - size: how many characters it must have, a multiple of 4.
    static func bytes(_ text: String, field: String, size: Int) throws(CodecError) -> [UInt8] {
        let characters = Array(text.utf8)
        guard characters.count == size else {
            throw .wrongSize(field: field, have: characters.count, need: size)
        }
        var bad: Int?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size / 4 * 3) { room, count in
            unsafe characters.withUnsafeBytes { source in
                guard let from = source.baseAddress, let to = room.baseAddress else { return }
                bad = unsafe decode(from, source.count, to: UnsafeMutableRawPointer(to))
            }
            count = bad == nil ? size / 4 * 3 : 0
        }
        if let bad { throw .badCharacter(field: field, at: bad) }
        return bytes
    }

    /// The largest number of a gram's 24-bit field.
    public static let maximumNumber = (1 << 24) - 1

    /// A number as four characters, most significant first, `A` on the left.
    ///
    /// - Throws: ``CodecError/outOfRange(field:value:limit:)`` below 0 or above 2^24 − 1.
    public static func text(number: Int) throws(CodecError) -> String {
        guard (0...maximumNumber).contains(number) else {
            throw .outOfRange(field: "number", value: number, limit: maximumNumber)
        }
        let characters = encode(number: UInt32(number))
        return String(decoding: (0..<4).map { UInt8(truncatingIfNeeded: characters >> (8 * $0)) }, as: UTF8.self)
    }

    /// The number that four characters stand for.
    ///
    /// - Throws: ``CodecError`` if there are more or fewer than four, or one is not of the alphabet.
    public static func number(_ text: String) throws(CodecError) -> Int {
        try bytes(text, field: "number", size: 4).reduce(0) { $0 << 8 | Int($1) }
    }
}

extension Base64URL {
    /// Appends the characters of `bytes`, whose count is a multiple of 3.
    package static func append(_ bytes: RawSpan, to out: inout OutputRawSpan) {
        let width = bytes.byteCount / 3 * 4
        precondition(bytes.byteCount % 3 == 0 && width <= out.freeCapacity, "base64url of \(bytes.byteCount) bytes")
        unsafe out.withUnsafeMutableBytes { room, filled in
            unsafe bytes.withUnsafeBytes { source in
                guard let from = source.baseAddress else { return }
                unsafe encode(from, source.count, to: room.baseAddress! + filled)
            }
            filled += width
        }
    }
}
