/// All that goes wrong in a run: faults, each with a number of its own.
///
/// As text the faults stand between semicolons or on lines of their own:
/// `loss 0.3 red>blu 0..5; cut red|blu 1..2; drop 1 ack blu>red; crash blu 3..4`. A number is written only where it
/// is not the place of the fault in the plan, so that a plan that was cut down says by itself which draws its faults
/// have.
public struct FaultPlan: Hashable, Sendable {
    /// Faults of a plan at most.
    public static let limit = 1024
    /// Bytes of a plan's text at most.
    public static let textLimit = 1 << 16

    /// The faults.
    public private(set) var faults: [Fault]

    /// A plan. A fault with the number 0 gets its place as number, from 1.
    ///
    /// - Throws: ``FaultError`` if a figure cannot be used, two have one number, or there are too many.
    public init(_ faults: [Fault] = []) throws(FaultError) {
        guard faults.count <= Self.limit else { throw .tooManyFaults(faults.count) }
        var numbers: Set<Int> = []
        var numbered: [Fault] = []
        for var fault in faults {
            try fault.check()
            if fault.number == 0 { fault.number = numbered.count + 1 }
            guard numbers.insert(fault.number).inserted else { throw .doubleNumber(fault.number) }
            numbered.append(fault)
        }
        self.faults = numbered
    }

    /// The plan in which nothing goes wrong.
    public static let empty = FaultPlan(unchecked: [])

    private init(unchecked faults: [Fault]) { self.faults = faults }

    /// Reads a plan. Empty lines, and faults without a word, are passed over.
    ///
    /// - Throws: ``FaultError`` naming the word that is wrong.
    public init(parsing text: String) throws(FaultError) {
        guard text.utf8.count <= Self.textLimit else { throw .textTooLong(text.utf8.count) }
        var faults: [Fault] = []
        for part in text.split(whereSeparator: { $0 == ";" || $0.isNewline })
        where !part.allSatisfy(\.isWhitespace) {
            faults.append(try Fault(parsing: part))
        }
        try self.init(faults)
    }

    /// The same plan without one fault; the others keep their numbers, and so their draws.
    public func removing(at index: Int) -> FaultPlan {
        var rest = faults
        rest.remove(at: index)
        return FaultPlan(unchecked: rest)
    }

    /// The same plan without some faults; the others keep their numbers, and so their draws.
    public func removing(where isOut: (Fault) -> Bool) -> FaultPlan {
        FaultPlan(unchecked: faults.filter { !isOut($0) })
    }
}

extension FaultPlan: LosslessStringConvertible {
    /// Reads what ``description`` writes; nil if it is no plan. ``init(parsing:)`` says why.
    public init?(_ description: String) {
        guard let plan = try? FaultPlan(parsing: description) else { return nil }
        self = plan
    }

    /// The plan on one line.
    public var description: String {
        faults.enumerated().map { index, fault in fault.text(withNumber: fault.number != index + 1) }
            .joined(separator: "; ")
    }
}
