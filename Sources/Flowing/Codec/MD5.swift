import Wiring

/// MD5, by which a layer of Ouroboros asks for a name. It hides nothing: names are not secret.
///
/// - Source: RFC 1321.
enum MD5 {
    /// Bytes of a digest.
    static let size = 16

    /// The digest of `bytes`: 16 bytes.
    static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var message = bytes
        message.append(0x80)
        while message.count % 64 != 56 { message.append(0) }
        message.append(bigEndian: (UInt64(bytes.count) << 3).byteSwapped)
        var state = SIMD4<UInt32>(0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476)
        for block in stride(from: 0, to: message.count, by: 64) {
            compress(&state, message.span.bytes.extracting(block..<block + 64))
        }
        var digest: [UInt8] = []
        for word in 0..<4 { digest.append(bigEndian: state[word].byteSwapped) }
        return digest
    }

    private static func compress(_ state: inout SIMD4<UInt32>, _ block: RawSpan) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        for i in 0..<64 {
            let (mix, place): (UInt32, Int) =
                switch i >> 4 {
                case 0: (b & c | ~b & d, i)
                case 1: (d & b | ~d & c, (5 * i + 1) & 15)
                case 2: (b ^ c ^ d, (3 * i + 5) & 15)
                default: (c ^ (b | ~d), (7 * i) & 15)
                }
            let word = (block.bigEndian(UInt32.self, at: 4 * place) ?? 0).byteSwapped
            let sum = a &+ mix &+ constants[i] &+ word
            let turn = shifts[i >> 4][i & 3]
            (a, d, c, b) = (d, c, b, b &+ (sum << turn | sum >> (32 - turn)))
        }
        state = state &+ SIMD4(a, b, c, d)
    }

    private static let shifts: [[UInt32]] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]

    /// floor(2^32 × |sin(i + 1)|).
    private static let constants: [UInt32] = [
        0xD76A_A478, 0xE8C7_B756, 0x2420_70DB, 0xC1BD_CEEE, 0xF57C_0FAF, 0x4787_C62A, 0xA830_4613, 0xFD46_9501,
        0x6980_98D8, 0x8B44_F7AF, 0xFFFF_5BB1, 0x895C_D7BE, 0x6B90_1122, 0xFD98_7193, 0xA679_438E, 0x49B4_0821,
        0xF61E_2562, 0xC040_B340, 0x265E_5A51, 0xE9B6_C7AA, 0xD62F_105D, 0x0244_1453, 0xD8A1_E681, 0xE7D3_FBC8,
        0x21E1_CDE6, 0xC337_07D6, 0xF4D5_0D87, 0x455A_14ED, 0xA9E3_E905, 0xFCEF_A3F8, 0x676F_02D9, 0x8D2A_4C8A,
        0xFFFA_3942, 0x8771_F681, 0x6D9D_6122, 0xFDE5_380C, 0xA4BE_EA44, 0x4BDE_CFA9, 0xF6BB_4B60, 0xBEBF_BC70,
        0x289B_7EC6, 0xEAA1_27FA, 0xD4EF_3085, 0x0488_1D05, 0xD9D4_D039, 0xE6DB_99E5, 0x1FA2_7CF8, 0xC4AC_5665,
        0xF429_2244, 0x432A_FF97, 0xAB94_23A7, 0xFC93_A039, 0x655B_59C3, 0x8F0C_CC92, 0xFFEF_F47D, 0x8584_5DD1,
        0x6FA8_7E4F, 0xFE2C_E6E0, 0xA301_4314, 0x4E08_11A1, 0xF753_7E82, 0xBD3A_F235, 0x2AD7_D2BB, 0xEB86_D391,
    ]
}

/// The MD5 of a name, as a key.
struct NameHash: Hashable {
    var high, low: UInt64

    /// The 16 bytes at `offset`; nil where they do not fit.
    init?(_ bytes: RawSpan, at offset: Int) {
        guard let high = bytes.bigEndian(UInt64.self, at: offset),
            let low = bytes.bigEndian(UInt64.self, at: offset + 8)
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// Appends the 16 bytes.
    func write(into out: inout OutputRawSpan) {
        out.append(bigEndian: high)
        out.append(bigEndian: low)
    }

    /// The hash of `name`.
    init(_ name: String) {
        let digest = MD5.digest(Array(name.utf8))
        self.init(digest.span.bytes, at: 0)!
    }
}
