/// The front of some bytes for people: as text if they are printable, else in hex; nil for none.
package func describeBytes(_ bytes: RawSpan) -> String? {
    let most = 16
    let front = (0..<min(bytes.byteCount, most)).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    guard !front.isEmpty else { return nil }
    let rest = bytes.byteCount > most ? "…" : ""
    if front.allSatisfy({ (0x20...0x7E).contains($0) }) {
        return "\"\(String(decoding: front, as: UTF8.self))\(rest)\""
    }
    return front.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + rest
}
