import Memoing
import Wiring

/// What a memogram is, for packet logs and charts: `plain 0 of 3, mid 1AAB…`; nil for bytes that are none.
public func describeGram(_ bytes: RawSpan) -> String? {
    guard let gram = try? pick(bytes) else { return nil }
    let kind = gram.code.kind?.rawValue ?? "gram"
    let number = gram.count.map { "\(gram.number) of \($0)" } ?? "\(gram.number)"
    return "\(kind) \(number), mid …\(gram.mid.text.suffix(4))"
}
