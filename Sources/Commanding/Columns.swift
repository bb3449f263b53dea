/// `text` with blanks up to `width` characters, behind it or before it.
package func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return right ? blanks + text : text + blanks
}

/// Two digits behind the point, always.
package func decimals(_ number: Double) -> String {
    let text = JSONLine.fixed(number, 2)
    guard let point = text.firstIndex(of: ".") else { return text + ".00" }
    return text + (text.distance(from: point, to: text.endIndex) == 2 ? "0" : "")
}

/// `1,234,567`
package func grouped(_ number: Int) -> String {
    var digits = String(number)
    var index = digits.endIndex
    while let comma = digits.index(index, offsetBy: -3, limitedBy: digits.startIndex), comma > digits.startIndex {
        digits.insert(",", at: comma)
        index = comma
    }
    return digits
}
