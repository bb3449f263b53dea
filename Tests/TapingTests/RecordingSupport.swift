import Taping

/// A recording's bytes, gathered.
final class File {
    var bytes: [UInt8] = []
    /// How long each part was that the recorder handed on.
    var parts: [Int] = []

    func recorder(
        _ header: RecordingHeader, _ outputs: Recorder.Outputs = .bytes, partLength: Int = 1 << 20
    ) -> Recorder {
        Recorder(header, outputs: outputs, partLength: partLength) { [self] part in
            parts.append(part.byteCount)
            part.withUnsafeBytes { bytes += $0 }
        }
    }
}

/// The same chunk sum as the format's, so that a byte can be changed without being noticed.
func seal(_ bytes: inout [UInt8], chunkAt at: Int) {
    let length = Int(number(bytes[(at + 8)..<(at + 16)]))
    let salt = number(bytes[(at + 4)..<(at + 8)])
    let sum = slowSum(Array(bytes[(at + 24)..<(at + 24 + length)]), salt)
    for index in 0..<8 { bytes[at + 16 + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt64(index))) }
}

/// Makes a file one of another version.
func sealHeader(_ bytes: inout [UInt8], version: UInt8) {
    bytes[8] = version
    let length = Int(number(bytes[12..<16]))
    var value = UInt64(version) ^ 0x9E37_79B9_7F4A_7C15
    slowRun(Array(bytes[24..<24 + length])) { word in
        let mixed = (value ^ word) &* 0xD6E8_FEB8_6659_FD93
        value = mixed << 32 | mixed >> 32
    }
    for index in 0..<8 { bytes[16 + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
}

func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }

/// Written from the article on the format, not from the code. Lengths that were made up end it.
func slowSum(_ records: [UInt8], _ salt: UInt64) -> UInt64 {
    var value = salt ^ 0x9E37_79B9_7F4A_7C15
    func mix(_ word: UInt64) {
        let mixed = (value ^ word) &* 0xD6E8_FEB8_6659_FD93
        value = mixed << 32 | mixed >> 32
    }
    var at = 0
    while at + 8 <= records.count {
        let length = (Int(number(records[(at + 4)..<(at + 8)])) + 7) / 8 * 8
        guard at + 8 + length <= records.count else { break }
        let words: Int? = [17: 40, 19: 40, 25: 0, 35: 0, 38: 8][records[at]]
        let body = records[(at + 8)..<(at + 8 + length)]
        for start in stride(from: at, to: at + 8 + min(length, words ?? length), by: 8) {
            mix(number(records[start..<(start + 8)]))
        }
        if let words, length >= words { slowRun(Array(body.dropFirst(words)), mix) }
        at += 8 + length
    }
    return value
}

func slowRun(_ bytes: [UInt8], _ mix: (UInt64) -> Void) {
    let stripes = (bytes.count + 63) / 64
    let run = bytes + [UInt8](repeating: 0, count: stripes * 64 - bytes.count)
    var (sums, far) = ([UInt64](repeating: 0, count: 8), [UInt64](repeating: 0, count: 8))
    for index in 0..<stripes * 8 {
        let lane = index % 8
        sums[lane] &+= number(run[(index * 8)..<(index * 8 + 8)])
        far[lane] &+= sums[lane]
        guard index / 8 % 16 == 15 else { continue }
        sums[lane] ^= sums[lane] >> 29
        far[lane] ^= far[lane] >> 29
        sums[lane] &+= far[lane]
    }
    for lane in 0..<8 {
        mix(sums[lane])
        mix(far[lane])
    }
    mix(UInt64(stripes))
}

/// A row of hexadecimal digits as a difference shows it.
func row(_ title: String, _ digits: String, _ characters: String) -> String {
    "\(title)      0  " + digits + String(repeating: " ", count: 49 - digits.count) + characters
}

func firstChunk(_ bytes: [UInt8]) -> Int {
    24 + bytes[12..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
}
