import Doing
import Wiring

/// Takes the body of a record apart; nil for whatever is not there.
struct RecordingReader {
    let bytes: [UInt8]
    var at: Int
    let end: Int

    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        guard end - at >= MemoryLayout<Number>.size else { return nil }
        defer { at += MemoryLayout<Number>.size }
        return unsafe bytes.withUnsafeBytes {
            unsafe Number(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: Number.self))
        }
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

extension RecordingReader {
    mutating func entry(_ kind: RecordingFormat.Kind, _ aux: UInt8) -> RecordingEntry? {
        switch kind {
        case .start:
            guard let tyme = tyme(), let tock = self.tyme(), tyme.isFinite, tock.isFinite, tock >= 0 else { return nil }
            return .start(tyme: tyme, tock: tock, isRealTime: aux == 1)
        case .source:
            guard let source = source(aux), let name = text(end - at) else { return nil }
            return .source(source, name)
        case .wake:
            guard let tyme = tyme() else { return nil }
            var labels: [UInt64] = []
            while let label = number(UInt64.self) { labels.append(label) }
            return .wake(tyme, labels)
        case .pass: return tyme().map { .pass(aux == 1 ? .extra : .due, $0) }
        case .exit: return tyme().map { .exit($0, isSignalled: aux == 1) }
        case .end: return .end
        case .input: return .input(rest())
        default: return wireEntry(kind, aux)
        }
    }

    private mutating func source(_ aux: UInt8) -> RecordingSource? {
        switch aux {
        case 0: return limits().map { .transport($0) }
        case 1: return .inlet
        case 2:
            guard let remote = address(), let local = address() else { return nil }
            return .stream(remote: remote, local: local)
        case 3: return address().map { .listener($0) }
        default: return nil
        }
    }

    /// Whether so many bytes are whole datagrams from the front of a train of `count` bytes.
    private func isFront(_ taken: Int, of count: Int, _ train: Train) -> Bool {
        taken == count || taken == 0 || taken < count && train.segment > 0 && taken % train.segment == 0
    }

    private mutating func wireEntry(_ kind: RecordingFormat.Kind, _ aux: UInt8) -> RecordingEntry? {
        switch kind {
        case .opened:
            guard let limits = limits(), let readiness = readiness() else { return nil }
            return .opened(limits, readiness)
        case .received: return train().map { .received($0.0, rest()) }
        case .nothing: return .nothing
        case .sent:
            guard let (train, taken, code) = train(), isFront(taken, of: end - at, train),
                let outcome = Sending.Outcome(aux, code)
            else { return nil }
            return .sent(train, rest(), Sending(taken: taken, outcome))
        case .sentSum:
            guard let (train, taken, code) = train(), let length = number(UInt64.self), let sum = number(UInt64.self),
                length <= RecordingFormat.longestRecord, isFront(taken, of: Int(length), train),
                let outcome = Sending.Outcome(aux, code)
            else { return nil }
            return .sentSum(train, Int(length), sum, Sending(taken: taken, outcome))
        case .room:
            guard let descriptor = number(Int64.self) else { return nil }
            return .room(aux == 1 ? Int32(truncatingIfNeeded: descriptor) : nil)
        case .readiness: return readiness().map { .readiness($0) }
        case .wakeTyme: return tyme().map { .wakeTyme(aux == 1 ? $0 : nil) }
        case .described:
            guard let address = address(), let text = text(end - at) else { return nil }
            return .described(address, text)
        case .failed: return error().map { .failed($0) }
        default: return streamEntry(kind, aux)
        }
    }

    private mutating func streamEntry(_ kind: RecordingFormat.Kind, _ aux: UInt8) -> RecordingEntry? {
        switch kind {
        case .begun: return .begun
        case .connected: return .connected
        case .accepted: return .accepted
        case .read: return end > at ? .read(rest()) : nil
        case .ended: return .ended
        case .readLost: return loss(aux).map { .readLost($0) }
        case .wrote:
            guard let offered = number(UInt64.self), offered <= Int.max, end - at <= Int(offered) else { return nil }
            return .wrote(offered: Int(offered), rest())
        case .wroteSum:
            guard let offered = number(UInt64.self), let taken = number(UInt64.self), let sum = number(UInt64.self),
                offered <= Int.max, taken <= offered
            else { return nil }
            return .wroteSum(offered: Int(offered), taken: Int(taken), sum)
        case .writeLost:
            guard let loss = loss(aux), let offered = number(UInt64.self), offered <= Int.max else { return nil }
            return .writeLost(offered: Int(offered), loss)
        case .finished: return .finished
        case .closed: return .closed
        case .reset: return .reset
        case .place: return address().map { .place(isLocal: aux == 1, $0) }
        case .connecting: return .connecting(aux == 1)
        default: return nil
        }
    }

    private mutating func loss(_ aux: UInt8) -> StreamLoss? {
        let reasons = StreamLoss.Reason.allCases
        guard let code = number(Int64.self), aux < reasons.count else { return nil }
        return StreamLoss(reasons[Int(aux)], code: Int32(truncatingIfNeeded: code))
    }
}
