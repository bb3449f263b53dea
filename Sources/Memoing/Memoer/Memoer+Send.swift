import Doing
import Wiring

extension Memoer {
    /// Queues a memo.
    ///
    /// - Parameters:
    ///   - bytes: any bytes; none are a memo too.
    ///   - destination: where to.
    ///   - vid: who signs; nil for ``vid``. Given one, the memo is signed whatever ``kind`` says.
    ///   - kind: what it is sent as; nil for the memoer's. A sure memo to a destination whose mode is
    ///     ``SureOptions/Mode/off`` is sent as a plain or signed one.
    /// - Returns: the memo's id, which every event about it names.
    /// - Throws: ``MemoError``; nothing is queued then.
    /// - Complexity: constant: the bytes are shared, not copied.
    @discardableResult public mutating func memoit(
        _ bytes: [UInt8], to destination: Address, as vid: Vid? = nil, kind: MemoKind? = nil
    ) throws(MemoError) -> Mid {
        let kind = kind ?? (vid == nil ? self.kind : self.kind.signed)
        guard kind == .plain else { return try memoitOther(bytes, to: destination, as: vid, kind, nil) }
        return try queue(bytes, kind, identity: -1, to: destination)
    }

    /// Queues a memo that is signed, or sure, or asked to be.
    @inline(never) private mutating func memoitOther(
        _ bytes: [UInt8], to destination: Address, as vid: Vid?, _ kind: MemoKind, _ options: MemoOptions?
    ) throws(MemoError) -> Mid {
        var kind = kind
        if kind.isSure, sureMode(for: destination) == .off { kind = kind.isSigned ? .signed : .plain }
        if options != nil, !kind.isSure { throw .notSure }
        var identity: Int32 = -1
        if kind.isSigned {
            guard signer != nil else { throw .noSigner }
            guard let vid = vid ?? self.vid else { throw .noVid }
            identity = try outbox.identity(vid, keep, isIdle: sure.outbox.unfinished == 0)
        }
        if kind.isSure { return try memoitSure(bytes, to: destination, kind, identity: identity, options) }
        return try queue(bytes, kind, identity: identity, to: destination)
    }

    @inline(__always) private mutating func queue(
        _ bytes: [UInt8], _ kind: MemoKind, identity: Int32, to destination: Address
    ) throws(MemoError) -> Mid {
        let lane: Int32
        do {
            lane = try outbox.admit(
                bytes.count, kind, domain, to: destination, hash: addressHash, beside: sure.outbox.held)
        } catch {
            throw want(error, destination)
        }
        let mid = mids.next(milliseconds: millisecond())
        let note = Outgoing.Note(mid: mid, kind: kind, domain: domain, identity: identity)
        outbox.append(Outgoing(bytes: bytes, note: note), to: lane)
        return mid
    }

    /// Queues a sure memo with options of its own.
    ///
    /// - Parameters:
    ///   - bytes: any bytes; none are a memo too.
    ///   - destination: where to.
    ///   - vid: who signs; nil for ``vid``. Given one, the memo is signed whatever ``kind`` says.
    ///   - kind: what it is sent as; nil for the memoer's.
    ///   - options: its deadline, its priority, and what it is about.
    /// - Returns: the memo's id, which every event about it names; ``ticket(for:)`` and ``cancel(_:)`` take it.
    /// - Throws: ``MemoError/notSure`` where the memo would be no sure one, and any other ``MemoError``; nothing is
    ///   queued then.
    @discardableResult public mutating func memoit(
        _ bytes: [UInt8], to destination: Address, as vid: Vid? = nil, kind: MemoKind? = nil, options: MemoOptions
    ) throws(MemoError) -> Mid {
        try options.check()
        return try memoitOther(
            bytes, to: destination, as: vid, kind ?? (vid == nil ? self.kind : self.kind.signed), options)
    }

    /// Queues a memo of text, as UTF-8.
    ///
    /// - Throws: ``MemoError``; nothing is queued then.
    @discardableResult public mutating func memoit(
        _ text: String, to destination: Address, as vid: Vid? = nil, kind: MemoKind? = nil
    ) throws(MemoError) -> Mid {
        try memoit(Array(text.utf8), to: destination, as: vid, kind: kind)
    }

    /// Queues a ready gram, whatever it is: for tests.
    package mutating func gramit(_ gram: [UInt8], to destination: Address) throws(MemoError) {
        guard !gram.isEmpty, gram.count <= maximum else {
            throw .gramSizeTooLarge(size: gram.count, maximum: maximum)
        }
        let lane = try outbox.admit(
            gram.count, .plain, .text, to: destination, hash: addressHash, beside: sure.outbox.held)
        outbox.append(Outgoing(bytes: gram, note: Outgoing.Note(isGram: true)), to: lane)
    }

    /// Appends the next train: grams to one destination, of one memo or of several.
    public mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        note(tyme)
        if sure.isActive { return pollAll(into: &out, limits) }
        // Most are asked with nothing to send: they cost a third.
        guard outbox.hasReady else { return nil }
        return outbox.poll(into: &out, limits, signer: signer)
    }

    @inline(never) private mutating func pollAll(into out: inout OutputRawSpan, _ limits: TrainLimits) -> Train? {
        sure.polled = .plain
        if let train = pollSure(into: &out, limits) { return train }
        if let train = outbox.poll(into: &out, limits, signer: signer) {
            sure.isAcksTurn = true
            return train
        }
        return pollAcks(into: &out, limits)
    }

    /// Takes off the queue what the transport took.
    public mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        guard sure.isActive, sure.polled != .plain else { return outbox.commit(sending, train, hash: addressHash) }
        switch sure.polled {
        case .acks: sure.inbox.isFull = !sure.inbox.ready.commit(sending, train)
        case .both: sentRide(sending, train)
        case .plain, .memos: sure.outbox.commit(sending, train, at: micros)
        }
    }
}
