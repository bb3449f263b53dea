/// One JSON object on one line, its keys in the order in which they were given.
package struct JSONLine: CustomStringConvertible {
    /// The object so far, without its braces.
    private var body = ""

    /// An empty object.
    package init() {}

    /// An object whose first key is `event`.
    package init(event: String) { add("event", event) }

    /// `{…}`
    package var description: String { "{\(body)}" }

    /// Adds a text, or null.
    package mutating func add(_ key: String, _ value: String?) { append(key, value.map(Self.quote) ?? "null") }
    /// Adds a whole number.
    package mutating func add(_ key: String, _ value: Int) { append(key, String(value)) }
    /// Adds a truth.
    package mutating func add(_ key: String, _ value: Bool) { append(key, value ? "true" : "false") }
    /// Adds a number, rounded to `digits` behind the point; null where it is none.
    package mutating func add(_ key: String, _ value: Double, digits: Int = 6) {
        append(key, value.isFinite ? Self.fixed(value, digits) : "null")
    }
    /// Adds an object.
    package mutating func add(_ key: String, _ value: JSONLine) { append(key, value.description) }

    private mutating func append(_ key: String, _ value: String) {
        if !body.isEmpty { body += "," }
        body += Self.quote(key)
        body += ":"
        body += value
    }

    /// `value` in JSON's quotes.
    package static func quote(_ value: String) -> String {
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) { return "\"\(value)\"" }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// `value` with at most `digits` digits behind the point, without needless zeros.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = value.magnitude * scale + 0.5
        guard scaled < 9e15 else { return "\(value)" }
        let units = Int64(scaled)
        let whole = units / Int64(scale)
        var fraction = String(units % Int64(scale))
        fraction = String(repeating: "0", count: digits - min(digits, fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return (value < 0 && units > 0 ? "-" : "")
            + (fraction.isEmpty || digits == 0 ? "\(whole)" : "\(whole).\(fraction)")
    }
}
