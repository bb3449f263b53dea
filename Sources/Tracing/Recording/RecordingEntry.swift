import Doing
import Wiring

/// One record of a recording, read.
enum RecordingEntry: Hashable {
    case start(tyme: Tyme, tock: Double, isRealTime: Bool)
    case source(TrainLimits?, String)
    case wake(Tyme, [UInt64])
    case pass(Pass.Kind, Tyme)
    case exit(Tyme, isSignalled: Bool)
    case end
    case opened(TrainLimits, Readiness)
    case received(Train, Range<Int>)
    case nothing
    case sent(Train, Range<Int>, Sending)
    /// Its length, and its sum instead of its bytes.
    case sentSum(Train, Int, UInt64, Sending)
    case room(Int32?)
    case readiness(Readiness)
    case wakeTyme(Tyme?)
    case described(Address, String)
    case failed(TransportError)
    case input(Range<Int>)

    /// What a person is told of it.
    var words: String {
        switch self {
        case .start(let tyme, let tock, _): "start at tyme \(tyme), tock \(tock)"
        case .source(_, let name): "source \(name)"
        case .wake(let tyme, let labels): "wake of \(labels) at tyme \(tyme)"
        case .pass(let kind, let tyme): "\(kind == .due ? "pass" : "extra pass") at tyme \(tyme)"
        case .exit(let tyme, _): "exit at tyme \(tyme)"
        case .end: "the end"
        case .opened: "opened"
        case .received(let train, let bytes):
            "received \(bytes.count) B from \(train.peer), segments of \(train.segment)"
        case .nothing: "received nothing"
        case .sent(let train, let bytes, let sending):
            "sent \(bytes.count) B to \(train.peer), segments of \(train.segment): "
                + "\(sending.outcome), \(sending.taken) taken"
        case .sentSum(let train, let count, let sum, let sending):
            "sent \(count) B with the sum \(String(sum, radix: 16)) to \(train.peer), segments of \(train.segment): "
                + "\(sending.outcome), \(sending.taken) taken"
        case .room(let descriptor): "descriptor for room \(descriptor.map { "\($0)" } ?? "none")"
        case .readiness(let readiness): "readiness \(readiness)"
        case .wakeTyme(let tyme): "wakes at \(tyme.map { "\($0)" } ?? "never")"
        case .described(let address, let text): "\(address) is \(text)"
        case .failed(let error): "failed: \(error)"
        case .input(let bytes): "input of \(bytes.count) B"
        }
    }
}

/// Takes the body of a record apart; nil for whatever is not there.
struct RecordingReader {
    let bytes: [UInt8]
    var at: Int
    let end: Int

    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        guard end - at >= MemoryLayout<Number>.size else { return nil }
        defer { at += MemoryLayout<Number>.size }
        return bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: Number.self)) }
    }

    mutating func tyme() -> Tyme? { number(UInt64.self).map { Double(bitPattern: $0) }.flatMap { $0.isNaN ? nil : $0 } }

    mutating func text(_ length: Int) -> String? {
        guard length >= 0, end - at >= length else { return nil }
        defer { at += length }
        return String(validating: bytes[at..<at + length], as: UTF8.self)
    }

    mutating func text() -> String? { number(UInt32.self).flatMap { text(Int($0)) } }

    mutating func rest() -> Range<Int> {
        defer { at = end }
        return at..<end
    }

    mutating func address() -> Address? {
        guard let tag = number(UInt64.self), let hi = number(UInt64.self), let lo = number(UInt64.self) else {
            return nil
        }
        return Address(tag: tag, hi: hi, lo: lo)
    }

    mutating func limits() -> TrainLimits? {
        guard let segments = number(UInt64.self), let size = number(UInt64.self), let datagram = number(UInt64.self),
            [segments, size, datagram].allSatisfy({ (1...1 << 30).contains($0) })
        else { return nil }
        return TrainLimits(segments: Int(segments), bytes: Int(size), datagram: Int(datagram))
    }

    mutating func readiness() -> Readiness? {
        guard let kind = number(UInt32.self), let value = number(Int32.self) else { return nil }
        return switch kind {
        case 0: .descriptor(value)
        case 1: .wakes
        case 2: .polled
        default: nil
        }
    }

    mutating func train() -> (Train, taken: Int, code: Int32)? {
        guard let peer = address(), let segment = number(UInt32.self), let taken = number(UInt32.self),
            let code = number(Int64.self)
        else { return nil }
        return (Train(peer: peer, segment: Int(segment)), Int(taken), Int32(truncatingIfNeeded: code))
    }

    mutating func error() -> TransportError? {
        guard let kind = number(UInt32.self), let code = number(Int32.self), let a = text(), let b = text(),
            let c = text()
        else { return nil }
        return switch kind {
        case 0: .system(call: a, code: code, reason: b, subject: c)
        case 1: .notOpen(subject: a)
        case 2: .badValue(name: a, value: b, allowed: c)
        default: nil
        }
    }
}
