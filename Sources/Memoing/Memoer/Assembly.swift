import Doing
import Wiring

/// What one unfinished memo is known by.
enum AssemblyKey: Hashable {
    /// Unsigned grams, by their source.
    case source(Address)
    /// Signed later grams whose signer is not known yet, by their source.
    case parked(Address)
    /// Signed grams that were verified, by their vid.
    case vid(Vid)
}

/// One memo that is being put together, or the signed grams that wait for their first one.
///
/// Grams that come in order are appended to ``bytes`` at once; those that come early wait in ``arena``.
struct Assembly {
    var mid = Mid(high: 0, low: 0)
    var key = AssemblyKey.source(.none)
    var kind = MemoKind.plain
    /// Where the first gram that came is from.
    var source = Address.none
    /// The key of a verified memo.
    var verifyKey: VerifyKey?
    /// What its peer was when it was opened.
    var standing = Peers.Class.stranger
    /// Its sender was told that grams of it are held: it is given up last for want of room, and its sender is told.
    var isProtected = false
    /// Row of the peer that is charged.
    var peer: Int32 = -1
    /// What ``Finished`` remembers it by.
    var print: UInt64 = 0

    /// How many grams the memo has; 0 until its first gram came.
    var count = 0
    /// The number of the gram that is appended next.
    var next = 0
    /// How many grams are held.
    var held = 0
    /// ``held`` at which it moves to the next bin.
    var heldForNextBin = 0
    /// Bodies held, with tiny ones counted as 64.
    var counted = 0
    /// The longest body of a gram that is not the last.
    var longest = 0
    /// Bytes charged.
    var charged = 0
    var opened: Tyme = 0
    var lastNew: Tyme = 0

    var bytes: [UInt8] = []
    private var zerothBody = 0
    private var laterBody = 0
    /// Where each appended body ends; empty as long as they are all as long as the first later one.
    private var ends: [Int] = []

    /// Bodies of early grams, or whole parked grams.
    private(set) var arena: [UInt8] = []
    private var early: [UInt32: Range<Int>] = [:]
    private var greatestEarly = 0
    /// Bytes of the arena that have been appended since.
    private var drained = 0

    /// True until the first gram came.
    var isOrphan: Bool { count == 0 }
    /// What is known of it is worth waiting for: its first gram came, or its sender was told that grams are held.
    var isPatient: Bool { count > 0 || isProtected }
    var isComplete: Bool { next == count && count > 0 }
    /// False in a row that is free.
    var isOpen: Bool { peer >= 0 }

    /// What is known of the gram with `number`.
    enum Held { case no, same, other }

    /// Whether gram `number` is held, with this body or another one.
    func holds(_ number: Int, _ body: borrowing RawSpan) -> Held {
        if number < next { return equal(bytes, appended(number), body) ? .same : .other }
        if early.isEmpty { return .no }
        guard let range = early[UInt32(truncatingIfNeeded: number)] else { return .no }
        return equal(arena, range, body) ? .same : .other
    }

    private func appended(_ number: Int) -> Range<Int> {
        if !ends.isEmpty { return (number == 0 ? 0 : ends[number - 1])..<ends[number] }
        if number == 0 { return 0..<zerothBody }
        let start = zerothBody + (number - 1) * laterBody
        return start..<min(start + laterBody, bytes.count)
    }

    private func equal(_ held: [UInt8], _ range: Range<Int>, _ body: borrowing RawSpan) -> Bool {
        guard range.count == body.byteCount else { return false }
        for index in 0..<range.count {
            let byte = unsafe body.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            if held[range.lowerBound + index] != byte { return false }
        }
        return true
    }

    /// Takes the body of gram `number`, which must not be held.
    @inline(__always) mutating func add(_ number: Int, _ body: borrowing RawSpan) {
        held &+= 1
        if number == count &- 1 {
            counted &+= body.byteCount
        } else {
            counted &+= max(AssemblyTable.leastBody, body.byteCount)
            longest = max(longest, body.byteCount)
        }
        if number == next, count > 0 {
            append(body)
            if !early.isEmpty { drain() }
        } else {
            park(number, body)
        }
    }

    @inline(__always) private mutating func append(_ body: borrowing RawSpan) {
        let length = body.byteCount
        if next > 1, length != laterBody || !ends.isEmpty {
            noteEnd(length)
        } else if next == 1 {
            laterBody = length
        } else if next == 0 {
            zerothBody = length
        }
        if bytes.count &+ length > bytes.capacity { reserve(length, longest: max(longest, length)) }
        unsafe body.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        next &+= 1
    }

    /// How many later grams with bodies of `length` bytes can be added in one go: those that are next, up to the last
    /// one, if none is held early and all bodies are as long as the first later one.
    func room(of length: Int) -> Int {
        guard next > 1, length == laterBody, ends.isEmpty, early.isEmpty else { return 0 }
        return max(0, count &- 1 &- next)
    }

    /// Adds the next grams, for which there is room: their bodies stand in `source` from `start` on, one `each` bytes
    /// after the other.
    mutating func add(_ run: Int, of length: Int, _ source: borrowing RawSpan, from start: Int, each: Int) {
        let all = run &* length
        if bytes.count &+ all > bytes.capacity { reserve(all, longest: longest) }
        unsafe source.withUnsafeBytes { from in
            bytes.append(addingCapacity: all) { room in
                unsafe room.withUnsafeMutableBufferPointer { to, count in
                    for number in 0..<run {
                        unsafe (UnsafeMutableRawPointer(to.baseAddress!) + number &* length).copyMemory(
                            from: from.baseAddress! + start + number &* each, byteCount: length)
                    }
                    count = all
                }
            }
        }
        next &+= run
        held &+= run
        counted &+= run &* max(AssemblyTable.leastBody, length)
    }

    /// Makes room in steps: four times what is held, and no more than the memo can be. So a count that is a lie costs
    /// no more than what was really sent.
    @inline(never) private mutating func reserve(_ length: Int, longest: Int) {
        let need = bytes.count + length
        let whole = count.multipliedReportingOverflow(by: longest)
        let expected = whole.overflow ? Int.max : whole.partialValue
        bytes.reserveCapacity(max(need, min(expected, 4 * need)))
    }

    /// Bytes that are drained before the arena is made smaller.
    private static let leastCompacted = 1 << 16

    /// From the first body of another length on, where each ends has to be written down; the last one is no matter.
    private mutating func noteEnd(_ length: Int) {
        if ends.isEmpty {
            if next == count - 1, length <= laterBody { return }
            ends = (0..<next).map { zerothBody + $0 * laterBody }
        }
        ends.append(bytes.count + length)
    }

    private mutating func drain() {
        while let range = early.removeValue(forKey: UInt32(truncatingIfNeeded: next)) {
            drained += range.count
            unsafe arena.withUnsafeBytes {
                append(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: $0[range])))
            }
        }
        if early.isEmpty {
            (arena, greatestEarly, drained) = ([], 0, 0)
        } else if drained > Assembly.leastCompacted, drained * 2 > arena.count {
            compact()
        }
    }

    /// Drops what was drained from the arena: with losses there is always some gram that is early, and what has been
    /// appended would stay here too.
    @inline(never) private mutating func compact() {
        var kept: [UInt8] = []
        kept.reserveCapacity(arena.count - drained)
        for number in early.keys.sorted() {
            guard let range = early[number] else { continue }
            early[number] = kept.count..<kept.count + range.count
            kept += arena[range]
        }
        (arena, drained) = (kept, 0)
    }

    /// Keeps what came early.
    mutating func park(_ number: Int, _ body: borrowing RawSpan) {
        let start = arena.count
        unsafe body.withUnsafeBytes { unsafe arena.append(contentsOf: $0) }
        early[UInt32(truncatingIfNeeded: number)] = start..<arena.count
        greatestEarly = max(greatestEarly, number)
    }

    /// The count is known now: forgets early grams past it.
    ///
    /// - Returns: how many were forgotten.
    mutating func limit(to count: Int) -> Int {
        self.count = count
        guard greatestEarly >= count else { return 0 }
        let before = early.count
        early = early.filter { $0.key < count }
        greatestEarly = count - 1
        held -= before - early.count
        return before - early.count
    }

    /// Parked grams by ascending number.
    var parked: [(number: Int, range: Range<Int>)] {
        early.map { (Int($0.key), $0.value) }.sorted { $0.number < $1.number }
    }
}
