import Doing
import Wiring

/// Receiving sure memos.
extension Memoer {
    /// An unsigned sure gram.
    @inline(never) mutating func takeSure(_ head: GramHead, _ datagram: RawSpan) {
        let body = datagram.extracting(head.bodyStart..<datagram.byteCount)
        if head.code.isZeroth, head.number <= 1 {
            if takeWholeSure(head, body) { return }
        } else if current >= 0, isCurrentSure(head.mid) {
            return add(head, body, to: current)
        }
        let hash = midHash(head.mid.high, head.mid.low)
        let print = hash &+ sourceHash
        if head.domain == .text, !(head.code.isZeroth && head.number <= 1) {
            recent = RecentMid(head.mid, of: datagram)
        }
        if let end = sure.inbox.done.find(print) { return answerLate(head, end, isSigned: false) }
        // A memo of another family may be over under this key.
        if finished.contains(print) {
            counts.late &+= 1
            return
        }
        let from = source
        let row =
            table.count == 0
            ? -1 : table.find(head.mid, hash) { if case .source(from) = $0.key { true } else { false } }
        if row >= 0 {
            current = row
            return add(head, body, to: row)
        }
        let isStale = sure.inbox.done.isStale(head.mid, sender: sourceHash, .unsigned)
        guard !isStale else { return answerStale(head, isSigned: false) }
        openSure(head, body, hash, print)
    }

    private func isCurrentSure(_ mid: Mid) -> Bool {
        guard table.rows[Int(current)].mid == mid, table.rows[Int(current)].isOpen else { return false }
        if case .source(let from) = table.rows[Int(current)].key { return from == source }
        return false
    }

    /// A memo of one gram: no row of a table is needed. False if it takes the long way.
    private mutating func takeWholeSure(_ head: GramHead, _ body: RawSpan) -> Bool {
        let hash = midHash(head.mid.high, head.mid.low)
        let print = hash &+ sourceHash
        let isBeyond = sure.inbox.done.isBeyond(
            head.mid, sender: sourceHash, standing, changes: table.peers.changes)
        if !isBeyond, let end = sure.inbox.done.find(print) {
            answerLate(head, end, isSigned: false)
            return true
        }
        guard table.count == 0 || !isOpen(head.mid, hash), !finished.contains(print),
            body.byteCount <= limits.memoBytes, !isText || isUTF8(body)
        else { return false }
        if !isBeyond, sure.inbox.done.isStale(head.mid, sender: sourceHash, .unsigned) {
            answerStale(head, isSigned: false)
            return true
        }
        guard !inbox.isFull else {
            drop(.inboxFull)
            return true
        }
        counts.received.grams &+= 1
        counts.received.bytes &+= body.byteCount &+ head.bodyStart
        conclude(print, .init(.done, count: 1), head.mid, sender: sourceHash, standing, .unsigned)
        if let reader {
            counts.received.memos &+= 1
            reader.read(body, MemoHead(source: source, mid: head.mid), at: tyme)
        } else {
            deliver(Memo(bytes: copySure(body), source: source, mid: head.mid))
        }
        tell(head.mid, trigger: 0, .init(.done, count: 1), heard: 1, isSigned: false)
        return true
    }

    /// Whether a memo of this source and mid is unfinished.
    private func isOpen(_ mid: Mid, _ hash: UInt64) -> Bool {
        let from = source
        return table.find(mid, hash) { if case .source(from) = $0.key { true } else { false } } >= 0
    }

    private mutating func copySure(_ body: RawSpan) -> [UInt8] { copy(body) }

    private mutating func openSure(_ head: GramHead, _ body: RawSpan, _ hash: UInt64, _ print: UInt64) {
        let opened = table.open(
            head.mid, hash, key: .source(source), kind: .sure, of: standing, peer: peer, at: tyme)
        collectEvicted()
        switch opened {
        case .failure(let failure):
            drop(failure.reason)
            refuseNew(head, print, .source(source), failure.reason)
        case .success(let row):
            table.rows[Int(row)].source = source
            table.rows[Int(row)].print = print
            current = row
            openAcks(row, head.mid, isSigned: false)
            add(head, body, to: row)
        }
    }

    /// There is no room for a new memo: its first gram is answered so, and another copy of it too, for the first answer
    /// has ended it.
    mutating func refuseNew(_ head: GramHead, _ print: UInt64, _ key: AssemblyKey, _ reason: DropReason) {
        guard reason == .capacity, head.code.isZeroth else { return }
        let end = DoneTable.End(.refused, reason: SureRefusal.capacity.reason, count: max(1, head.number))
        concludeAll(print, end, head.mid, key, from: source, standing)
        tell(head.mid, trigger: 0, end, heard: 1, isSigned: head.code.isSigned)
    }

    /// Nothing is owed for a row whose memo is not known yet.
    mutating func openNoAcks(_ row: Int32) {
        if Int(row) < sure.inbox.states.count { sure.inbox.states[Int(row)].heard = 0 }
    }

    /// What is owed for a row begins anew.
    mutating func openAcks(_ row: Int32, _ mid: Mid, isSigned: Bool) {
        while sure.inbox.states.count <= Int(row) { sure.inbox.states.append(AckState()) }
        let (isListed, isStarved) = (sure.inbox.states[Int(row)].isListed, sure.inbox.states[Int(row)].isStarved)
        sure.inbox.states[Int(row)] = AckState()
        sure.inbox.states[Int(row)].mid = mid
        sure.inbox.states[Int(row)].isSigned = isSigned
        sure.inbox.states[Int(row)].isListed = isListed
        sure.inbox.states[Int(row)].isStarved = isStarved
    }

    /// A gram of an open sure memo; a signed one was verified, unless it is a duplicate.
    @inline(never) mutating func addSure(_ head: GramHead, _ body: RawSpan, to row: Int32) {
        let number = head.code.isZeroth ? 0 : head.number
        guard number < sure.inbox.states[Int(row)].credit else {
            drop(.beyondCredit)
            tellCredit(row)
            return closeIfEmpty(row)
        }
        switch judge(head, body, row) {
        case .take:
            hear(number, row)
            let mid = head.mid
            take(head, body, to: row)
            guard table.rows[Int(row)].isOpen, table.rows[Int(row)].mid == mid else { return }
            owe(number, row)
        case .duplicate:
            counts.duplicates &+= 1
            hearAgain(number, row)
        case .drop(let reason):
            drop(reason)
            if reason == .inboxFull { sure.inbox.starve(row) }
            closeIfEmpty(row)
        case .refuse(let reason):
            hear(number, row)
            refuse(row, reason)
        }
    }

    /// A gram past the credit asks whether there is some again: its sender is told, at once or when there is room in
    /// the inbox. The ack repeats the trigger of the one before, since this gram is not held.
    private mutating func tellCredit(_ row: Int32) {
        let index = Int(row)
        guard sure.inbox.states[index].heard > 0 else { return }
        sure.inbox.states[index].heard = min(sure.inbox.states[index].heard + 1, Base64URL.maximumNumber)
        if inbox.isFull {
            sure.inbox.starve(row)
        } else {
            sure.inbox.states[index].isUrgent = true
            sure.inbox.owe(row, by: Micros(tyme: tyme))
        }
    }

    private mutating func hear(_ number: Int, _ row: Int32) {
        let index = Int(row)
        sure.inbox.states[index].heard = min(sure.inbox.states[index].heard + 1, Base64URL.maximumNumber)
        if sure.isAdopting { return }
        sure.inbox.states[index].trigger = number
        sure.inbox.states[index].triggeredAt = micros
        sure.inbox.states[index].isDuplicate = false
        sure.inbox.states[index].source = source
        sure.inbox.states[index].sourceHash = sourceHash
    }

    /// A gram that is held already: its sender has missed an ack.
    mutating func hearAgain(_ number: Int, _ row: Int32) {
        hear(number, row)
        sure.inbox.states[Int(row)].isDuplicate = true
        sure.inbox.states[Int(row)].isUrgent = true
        sure.inbox.owe(row, by: micros)
    }

    /// A new gram was taken: when its ack must leave.
    private mutating func owe(_ number: Int, _ row: Int32) {
        let index = Int(row)
        let base = table.rows[index].next
        if number >= base {
            sure.inbox.states[index].early.insert(number)
            sure.inbox.states[index].latest.append(number)
        }
        if sure.inbox.states[index].early.contains(base - 1) { sure.inbox.states[index].early.trim(below: base) }
        sure.inbox.states[index].unacked += 1
        if number == 0 || number >= base { sure.inbox.states[index].isUrgent = true }
        let isNow = sure.inbox.states[index].isUrgent || sure.inbox.states[index].unacked >= 2
        let now = micros
        sure.inbox.owe(row, by: isNow ? now : now + min(25_000, sure.outbox.granularity))
    }
}

// MARK: - Ends

extension Memoer {
    /// Remembers how a memo ended.
    @inline(__always) mutating func conclude(
        _ print: UInt64, _ end: DoneTable.End, _ mid: Mid, sender: UInt64, _ standing: Peers.Class,
        _ origin: DoneTable.Origin
    ) {
        sure.inbox.done.insert(
            print, end, mid: mid, sender: sender, standing, origin, changes: table.peers.changes, at: tyme)
    }

    /// Remembers how a memo with a key ended, by all that its grams may be known by.
    mutating func concludeAll(
        _ print: UInt64, _ end: DoneTable.End, _ mid: Mid, _ key: AssemblyKey, from source: Address,
        _ standing: Peers.Class
    ) {
        switch key {
        case .source(let address):
            let sender = addressHash(address.tag, address.hi, address.lo)
            conclude(print, end, mid, sender: sender, standing, .unsigned)
        case .parked: break
        case .vid(let vid):
            let sender = vidHash(vid)
            conclude(print, end, mid, sender: sender, standing, .signed)
            // Later grams carry no vid: they are known by where they come from.
            conclude(parkedPrint(midHash(mid.high, mid.low), of: source), end, mid, sender: sender, standing, .signed)
        }
    }

    /// An end is to be told.
    @inline(__always) mutating func tell(
        _ mid: Mid, trigger: Int, _ end: DoneTable.End, heard: Int, isDuplicate: Bool = false, isSigned: Bool
    ) {
        guard !source.isNone, acks(source) else { return }
        sure.inbox.tell(
            SureInbox.Ending(
                source: source, sourceHash: sourceHash, mid: mid, trigger: trigger, end: end, isDuplicate: isDuplicate,
                heard: heard, at: micros, isSigned: isSigned), &sure.outbox.counts)
    }

    /// A gram of a memo that is over.
    mutating func answerLate(_ head: GramHead, _ end: DoneTable.End, isSigned: Bool) {
        counts.late &+= 1
        let number = head.code.isZeroth ? 0 : head.number
        guard number < end.count else { return }
        tell(head.mid, trigger: number, end, heard: end.count + 1, isDuplicate: true, isSigned: isSigned)
    }

    mutating func answerStale(_ head: GramHead, isSigned: Bool) {
        counts.late &+= 1
        let number = head.code.isZeroth ? 0 : head.number
        tell(head.mid, trigger: number, .init(.stale, count: 0), heard: 1, isSigned: isSigned)
    }

    /// A sure memo that is whole: remembered, delivered, and its sender told; or refused, if it is no text.
    mutating func finishSure(_ row: Int32) {
        let index = Int(row)
        let (mid, from, kind) = (table.rows[index].mid, table.rows[index].source, table.rows[index].kind)
        let count = table.rows[index].count
        var vid: Vid?
        if case .vid(let signer) = table.rows[index].key { vid = signer }
        let isRefused = isText && !isWellFormed(table.rows[index].bytes)
        let end =
            isRefused
            ? DoneTable.End(.refused, reason: SureRefusal.notText.reason, count: count)
            : DoneTable.End(.done, count: count)
        rememberSure(row, end)
        let state = sure.inbox.states[index]
        let bytes = table.close(row)
        if isRefused {
            spares.give(bytes)
            drop(.notText)
        } else if let reader {
            counts.received.memos &+= 1
            unsafe reader.read(bytes.span.bytes, MemoHead(source: from, vid: vid, mid: mid), at: tyme)
            spares.give(bytes)
        } else {
            deliver(Memo(bytes: bytes, source: from, vid: vid, mid: mid))
        }
        tell(mid, trigger: state.trigger, end, heard: state.heard, isSigned: kind.isSigned)
    }

    private func isWellFormed(_ bytes: [UInt8]) -> Bool { unsafe isUTF8(bytes.span.bytes) }

    /// A sure memo that is given up for good.
    mutating func refuseSure(_ row: Int32, _ reason: DropReason) {
        let index = Int(row)
        let refusal: SureRefusal
        switch reason {
        case .tooLarge: refusal = .tooLarge
        case .tooManyGrams: refusal = .tooManyGrams
        case .expired: refusal = .expired
        default: refusal = .capacity
        }
        let count = max(table.rows[index].count, sure.inbox.states[index].trigger + 1)
        let end = DoneTable.End(.refused, reason: refusal.reason, count: count)
        rememberSure(row, end)
        let state = sure.inbox.states[index]
        let (mid, kind) = (table.rows[index].mid, table.rows[index].kind)
        spares.give(table.close(row))
        drop(reason)
        if reason != .expired {
            tell(mid, trigger: state.trigger, end, heard: state.heard, isSigned: kind.isSigned)
        }
    }

    private mutating func rememberSure(_ row: Int32, _ end: DoneTable.End) {
        let index = Int(row)
        concludeAll(
            table.rows[index].print, end, table.rows[index].mid, table.rows[index].key, from: table.rows[index].source,
            standing(of: row))
    }

    func vidHash(_ vid: Vid) -> UInt64 {
        let words = vid.material
        return vidHash(words.a, words.b, words.c, words.d, UInt64(vid.code.value))
    }
}
