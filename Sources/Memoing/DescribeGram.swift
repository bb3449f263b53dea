import Wiring

/// What a memogram is, for packet logs and charts: `plain 0 of 3, mid …Jq0w`, or `ack of 3: has 0–4 and 6, mid …`; nil
/// for bytes that are none.
public func describeGram(_ bytes: RawSpan) -> String? {
    guard let gram = try? pick(bytes) else {
        guard let ack = try? unsafe Ack(bytes.withUnsafeBytes { unsafe Array($0) }) else { return nil }
        return "\(describe(ack)), mid …\(ack.mid.text.suffix(4))"
    }
    let kind = gram.code.kind?.rawValue ?? "gram"
    let number = gram.count.map { "\(gram.number) of \($0)" } ?? "\(gram.number)"
    return "\(kind) \(number), mid …\(gram.mid.text.suffix(4))"
}

/// What an ack says, in words: `ack of 3: has 0–4 and 6`.
package func describe(_ ack: Ack) -> String {
    guard let body = ack.body else { return "ack of \(ack.trigger)" }
    let again = body.isDuplicate ? ", which it had" : ""
    switch body.status {
    case .done:
        let further = body.further.isEmpty ? "" : ", and \(body.further.count) memos more"
        return "ack of \(ack.trigger)\(again): has the memo\(further)"
    case .refused: return "ack of \(ack.trigger): refused"
    case .stale: return "ack of \(ack.trigger): too old"
    case .more: return "ack of \(ack.trigger)\(again): has \(ranges(body.numbers))"
    }
}

extension Ack.Body {
    /// The numbers of the grams that are held, in order.
    fileprivate var numbers: [Int] {
        var numbers = Array(0..<base)
        for (index, word) in held.enumerated() {
            for bit in 0..<24 where (word >> UInt32(23 - bit)) & 1 == 1 { numbers.append(base + 1 + index * 24 + bit) }
        }
        return numbers
    }
}

/// Numbers in order as ranges: `0–4 and 6`; `none` for none.
package func ranges(_ numbers: [Int]) -> String {
    var parts: [ClosedRange<Int>] = []
    for number in numbers {
        if let last = parts.last, last.upperBound + 1 == number {
            parts[parts.count - 1] = last.lowerBound...number
        } else {
            parts.append(number...number)
        }
    }
    let words = parts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
    guard let last = words.last else { return "none" }
    return words.count == 1 ? last : words.dropLast().joined(separator: ", ") + " and " + last
}
