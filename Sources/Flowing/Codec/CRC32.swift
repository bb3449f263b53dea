/// The CRC-32 of zlib, which ends each packet of a flow that must not have flipped bits.
///
/// Eight bytes a step: about 1.5 bytes a clock.
///
/// - Source: ISO 3309, polynomial 0xEDB88320 reflected; Kounavis and Berry, slicing-by-8.
enum CRC32 {
    /// Bytes of a checksum.
    static let size = 4

    /// The checksum of `bytes`, going on from `start`, the checksum of what stands before them.
    static func checksum(_ bytes: RawSpan, from start: UInt32 = 0) -> UInt32 {
        table.span.withUnsafeBufferPointer { table in
            unsafe bytes.withUnsafeBytes { bytes in
                var crc = ~start
                var at = 0
                while bytes.count - at >= 8 {
                    let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                    let low = UInt32(truncatingIfNeeded: word) ^ crc
                    let high = UInt32(truncatingIfNeeded: word >> 32)
                    crc = unsafe table[1792 + Int(low & 255)] ^ table[1536 + Int(low >> 8 & 255)]
                    crc ^= unsafe table[1280 + Int(low >> 16 & 255)] ^ table[1024 + Int(low >> 24)]
                    crc ^= unsafe table[768 + Int(high & 255)] ^ table[512 + Int(high >> 8 & 255)]
                    crc ^= unsafe table[256 + Int(high >> 16 & 255)] ^ table[Int(high >> 24)]
                    at += 8
                }
                while at < bytes.count {
                    crc = unsafe crc >> 8 ^ table[Int((crc ^ UInt32(bytes[at])) & 255)]
                    at += 1
                }
                return ~crc
            }
        }
    }

    /// Row k holds the checksum of each byte with k zeros behind it.
    private static let table: [UInt32] = {
        var table = (0..<256).map { byte in
            (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1) * 0xEDB8_8320 }
        }
        for index in 256..<2048 {
            let before = table[index - 256]
            table.append(before >> 8 ^ table[Int(before & 255)])
        }
        return table
    }()
}
