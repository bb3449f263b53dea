/// base64url without padding (RFC 4648 §5) for material that is a whole number of 24-bit groups, as all of a gram is.
///
/// Eight characters are worked on as the bytes of one 64-bit lane and 32 at a time as a vector: six bytes are spread
/// to eight six-bit values by three halvings of the lane, and a value becomes its character by adding one of five
/// offsets. There is no table, so nothing is to be kept in the cache and nothing depends on the bytes encoded.
public enum Base64URL {
    #if _endian(big)
        #error("Base64URL puts the first character into the lowest byte of a lane")
    #endif

    /// Four lanes of 48 bits (the first byte highest) to 32 characters.
    @inline(__always)
    static func encode(_ groups: SIMD4<UInt64>) -> SIMD32<UInt8> {
        let halves = ((groups &>> 24) & each(0xFF_FFFF)) | ((groups &<< 32) & each(0xFF_FFFF << 32))
        let quarters = ((halves &>> 12) & each(low12)) | ((halves &<< 16) & each(low12 << 16))
        let sixes = ((quarters &>> 6) & each(low6)) | ((quarters &<< 8) & each(low6 << 8))
        let values = unsafe unsafeBitCast(sixes, to: SIMD32<Int8>.self)
        var offsets = SIMD32<Int8>(repeating: 65)  // 0...25: A-Z
        offsets.replace(with: SIMD32(repeating: 71), where: values .> SIMD32(repeating: 25))  // 26...51: a-z
        offsets.replace(with: SIMD32(repeating: -4), where: values .> SIMD32(repeating: 51))  // 52...61: 0-9
        offsets.replace(with: SIMD32(repeating: -17), where: values .> SIMD32(repeating: 61))  // 62: -
        offsets.replace(with: SIMD32(repeating: 32), where: values .> SIMD32(repeating: 62))  // 63: _
        return unsafe unsafeBitCast(values &+ offsets, to: SIMD32<UInt8>.self)
    }

    /// 32 characters to four lanes of 48 bits, or nil if one is not of the alphabet.
    @inline(__always)
    static func decode(_ characters: SIMD32<UInt8>) -> SIMD4<UInt64>? {
        // As signed bytes everything from 0x80 is below zero, and falls through every test.
        let values = unsafe unsafeBitCast(characters, to: SIMD32<Int8>.self)
        let none = SIMD32<Int8>(repeating: 64)
        var sixes = none
        let isDigit = (values .> SIMD32(repeating: 0x2F)) .& (values .< SIMD32(repeating: 0x3A))
        sixes.replace(with: values &+ SIMD32(repeating: 4), where: isDigit)
        let isUpper = (values .> SIMD32(repeating: 0x40)) .& (values .< SIMD32(repeating: 0x5B))
        sixes.replace(with: values &- SIMD32(repeating: 65), where: isUpper)
        let isLower = (values .> SIMD32(repeating: 0x60)) .& (values .< SIMD32(repeating: 0x7B))
        sixes.replace(with: values &- SIMD32(repeating: 71), where: isLower)
        sixes.replace(with: SIMD32(repeating: 62), where: values .== SIMD32(repeating: 0x2D))
        sixes.replace(with: SIMD32(repeating: 63), where: values .== SIMD32(repeating: 0x5F))
        let lanes = unsafe unsafeBitCast(sixes, to: SIMD4<UInt64>.self)
        let bad = lanes & each(0x4040_4040_4040_4040)
        guard (bad[0] | bad[1]) | (bad[2] | bad[3]) == 0 else { return nil }
        let quarters = ((lanes & each(low6)) &<< 6) | ((lanes &>> 8) & each(low6))
        let halves = ((quarters & each(low12)) &<< 12) | ((quarters &>> 16) & each(low12))
        return ((halves & each(0xFF_FFFF)) &<< 24) | ((halves &>> 32) & each(0xFF_FFFF))
    }

    private static var low6: UInt64 { 0x003F_003F_003F_003F }
    private static var low12: UInt64 { 0x0000_0FFF_0000_0FFF }
    @inline(__always) private static func each(_ word: UInt64) -> SIMD4<UInt64> { SIMD4(repeating: word) }

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
        switch character {
        case 0x41...0x5A: character &- 65
        case 0x61...0x7A: character &- 71
        case 0x30...0x39: character &+ 4
        case 0x2D: 62
        case 0x5F: 63
        default: nil
        }
    }

    /// Writes `count` bytes at `source` as `count / 3 * 4` characters at `target`. `count` is a multiple of 3.
    @unsafe static func encode(_ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer) {
        var (from, to) = (0, 0)
        while from &+ 24 <= count {
            let groups = unsafe pack(source + from)
            unsafe (target + to).storeBytes(of: encode(groups), as: SIMD32<UInt8>.self)
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
        var to = 0
        for from in stride(from: 0, to: count, by: 4) {
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
            to += 3
        }
        return nil
    }
}

extension Base64URL {
    /// Bytes as text. Their count must be a multiple of 3.
    static func text(_ bytes: [UInt8]) -> String {
        precondition(bytes.count % 3 == 0, "base64url of \(bytes.count) bytes")
        let characters = [UInt8](unsafeUninitializedCapacity: bytes.count / 3 * 4) { room, count in
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
        let bytes = [UInt8](unsafeUninitializedCapacity: size / 4 * 3) { room, count in
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
