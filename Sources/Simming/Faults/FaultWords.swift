import Doing

/// The words of a fault, taken out one by one.
struct FaultWords {
    private let text: String
    private var words: [Substring]
    private var next = 0

    init(_ text: some StringProtocol) {
        let trimmed = String(text).split(whereSeparator: \.isWhitespace)
        self.text = trimmed.joined(separator: " ")
        words = self.text.split(separator: " ")
    }

    private var word: Substring? { next < words.count ? words[next] : nil }

    private mutating func take(_ name: String) throws(FaultError) -> Substring {
        guard let word else { throw .missing(name, fault: text) }
        next += 1
        return word
    }

    private func bad(_ word: Substring, _ name: String, _ expected: String) -> FaultError {
        .badWord(String(word), name: name, expected: expected, fault: text)
    }

    private mutating func number(
        _ name: String, in range: ClosedRange<Double>, or expected: String
    ) throws(FaultError) -> Double {
        let word = try take(name)
        guard let value = Double(word), range.contains(value) else { throw bad(word, name, expected) }
        return value == 0 ? 0 : value  // no negative zero
    }

    private mutating func probability(_ name: String = "probability") throws(FaultError) -> Double {
        try number(name, in: 0...1, or: "a probability from 0 to 1")
    }

    private mutating func seconds(_ name: String) throws(FaultError) -> Double {
        try number(name, in: 0...1_000_000, or: "seconds from 0 to 1000000")
    }

    private mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(FaultError) -> Int {
        let word = try take(name)
        guard let value = Int(word), range.contains(value) else {
            throw bad(word, name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    mutating func effect() throws(FaultError) -> Fault.Effect {
        let word = try take("what goes wrong")
        switch word {
        case "loss": return .loss(try probability())
        case "burst":
            let (enter, leave) = (try probability("enter"), try probability("leave"))
            return .burst(BurstLoss(enter: enter, leave: leave, loss: try probability("loss")))
        case "duplicate": return .duplicate(try probability())
        case "reorder": return .reorder(try probability(), by: try seconds("by"))
        case "corrupt": return .corrupt(try probability())
        case "truncate": return .truncate(try probability())
        case "delay": return .delay(try seconds("delay"), jitter: try seconds("jitter"))
        case "cut": return .cut
        case "hold": return .hold
        case "drop": return .drop(try integer("count", in: 1...1_000_000_000), kind: try name("kind"))
        case "mtu": return .mtu(try integer("mtu", in: 1...65_535))
        case "rate":
            let rate = try number("rate", in: 1...1e15, or: "bits a second from 1 to 1e15")
            return .rate(rate, queueBytes: try integer("queue", in: 0...1 << 40))
        case "full": return .full
        case "enobufs": return .enobufs
        case "peerfull": return .peerFull
        case "unreachable": return .unreachable
        case "reset": return .reset(try probability())
        case "slow":
            let rate = try number("rate", in: 0.001...1e12, or: "how many a second, from 0.001 to 1e12")
            let word = try take("bytes or datagrams")
            guard let measure = Fault.Measure(rawValue: String(word)) else {
                throw bad(word, "measure", "bytes or datagrams")
            }
            return .slow(rate, measure)
        case "pause": return .pause
        case "crash": return .crash
        default: throw .unknownEffect(String(word))
        }
    }

    private mutating func name(_ what: String) throws(FaultError) -> String {
        let word = try take(what)
        return try check(word, what)
    }

    private func check(_ word: Substring, _ what: String) throws(FaultError) -> String {
        let isName = word.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isName, !word.isEmpty, word.utf8.count <= 64 else {
            throw bad(word, what, "a name of at most 64 letters, digits, - and _")
        }
        return String(word)
    }

    mutating func place(for effect: Fault.Effect) throws(FaultError) -> Fault.Place {
        guard let word, !word.contains(".."), !word.hasPrefix("#") else { return .everywhere }
        next += 1
        if word == "*" { return .everywhere }
        guard let sign = word.firstIndex(where: { $0 == ">" || $0 == "|" }) else {
            return .host(try check(word, "place"))
        }
        if effect.isOfHosts { throw bad(word, "place", "a host, for this happens to hosts") }
        let (one, other) = (word[..<sign], word[word.index(after: sign)...])
        guard word[sign] == ">" else { return .between(try check(one, "host"), try check(other, "host")) }
        let from = one == "*" ? nil : try check(one, "host")
        let to = other == "*" ? nil : try check(other, "host")
        return from == nil && to == nil ? .everywhere : .way(from: from, to: to)
    }

    mutating func window() throws(FaultError) -> (Tyme, Tyme) {
        guard let word, let dots = word.firstRange(of: "..") else { return (0, .infinity) }
        next += 1
        let expected = "FROM..UNTIL in seconds, FROM less than UNTIL, both from 0 to 1e9; either may be left out"
        let (start, end) = (word[..<dots.lowerBound], word[dots.upperBound...])
        guard let from = start.isEmpty ? 0 : Double(start), let until = end.isEmpty ? .infinity : Double(end),
            from >= 0, from <= 1e9, until == .infinity ? end.isEmpty : until <= 1e9, from < until
        else { throw bad(word, "window", expected) }
        return (from == 0 ? 0 : from, until)
    }

    mutating func number() throws(FaultError) -> Int {
        guard let word, word.hasPrefix("#") else { return 0 }
        next += 1
        guard let number = Int(word.dropFirst()), (1...1_000_000_000).contains(number) else {
            throw bad(word, "number", "# and a whole number from 1 to 1000000000")
        }
        return number
    }

    func finish() throws(FaultError) {
        if let word { throw .extraWord(String(word), fault: text) }
    }
}
