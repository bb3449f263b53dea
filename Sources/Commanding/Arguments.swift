/// The words behind a command: flags with values, switches, and bare words, taken out one by one.
///
/// What is left at ``finish()`` is an error, so a mistyped flag is never silently ignored.
package struct Arguments {
    private var words: [String]
    /// True if `--help` or `-h` was among the words.
    package let wantsHelp: Bool

    /// - Parameter words: the words behind the program's name.
    package init(_ words: [String] = Array(CommandLine.arguments.dropFirst())) {
        wantsHelp = words.contains("--help") || words.contains("-h")
        self.words = words.filter { $0 != "--help" && $0 != "-h" }
    }

    /// What has not been taken yet.
    package var all: [String] { words }

    /// Takes the first word if it is no flag.
    package mutating func word() -> String? {
        guard let first = words.first, !first.hasPrefix("--") else { return nil }
        return words.removeFirst()
    }

    /// Takes a switch: true if it was there.
    package mutating func has(_ flag: String) -> Bool {
        guard let index = words.firstIndex(of: flag) else { return false }
        words.remove(at: index)
        return true
    }

    /// Takes a flag and the word behind it; nil if it is not there.
    ///
    /// - Throws: ``UsageError`` if it is the last word, is followed by another flag, or stands there twice.
    package mutating func value(_ flag: String) throws -> String? {
        guard let index = words.firstIndex(of: flag) else { return nil }
        guard index + 1 < words.count, !words[index + 1].hasPrefix("--") else {
            throw UsageError("\(flag) needs a value")
        }
        let value = words[index + 1]
        words.removeSubrange(index...index + 1)
        guard !words.contains(flag) else { throw UsageError("\(flag) stands there twice") }
        return value
    }

    /// Takes every value of a flag that is followed by one or more words.
    package mutating func values(_ flag: String) throws -> [String] {
        var found: [String] = []
        while let index = words.firstIndex(of: flag) {
            words.remove(at: index)
            guard index < words.count, !words[index].hasPrefix("--") else { throw UsageError("\(flag) needs a value") }
            while index < words.count, !words[index].hasPrefix("--") { found.append(words.remove(at: index)) }
        }
        return found
    }

    /// Takes a flag whose value is a whole number in `range`.
    package mutating func integer(_ flag: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = try value(flag) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("\(flag) \(text): expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Takes a flag whose value is a number in `range`.
    package mutating func number(_ flag: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let text = try value(flag) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw UsageError("\(flag) \(text): expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Takes a flag whose value is one of the names of an enumeration.
    package mutating func choice<C: RawRepresentable & CaseIterable>(_ flag: String, of: C.Type) throws -> C?
    where C.RawValue == String {
        guard let text = try value(flag) else { return nil }
        guard let choice = C(rawValue: text) else {
            throw UsageError("\(flag) \(text): expected \(C.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// Takes all that is left.
    package mutating func rest() -> [String] {
        defer { words = [] }
        return words
    }

    /// Nothing may be left over.
    package func finish() throws {
        guard let left = words.first else { return }
        throw UsageError(left.hasPrefix("--") ? "unknown flag \(left)" : "what is \"\(left)\"?")
    }
}

/// What is wrong with the words that a user gave.
package struct UsageError: Error, CustomStringConvertible {
    /// The reason, naming the flag and the value.
    package let description: String

    /// - Parameter description: the reason, naming the flag and the value.
    package init(_ description: String) { self.description = description }
}
