import Doing
import Wiring

extension Memoer {
    /// Takes in a train: picks its grams, and fuses the memos that become whole.
    ///
    /// - Complexity: constant for each datagram, beside copying its body.
    public mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        note(tyme)
        if train.peer != source { turn(to: train.peer) }
        let segment = train.segment
        table.peers.heard(bytes.byteCount, from: peer)
        if bytes.byteCount <= segment || segment <= 0 { return take(bytes) }
        var start = 0
        while start < bytes.byteCount {
            if current >= 0, case let run = takeRun(bytes, from: start, segment), run > 0 {
                start &+= run
                continue
            }
            let end = min(start &+ segment, bytes.byteCount)
            take(bytes.extracting(start..<end))
            start = end
        }
    }

    /// The next trains are of another source.
    @inline(never) private mutating func turn(to next: Address) {
        source = next
        sourceHash = addressHash(next.tag, next.hi, next.lo)
        takesUnsigned = !requiresSigned && (acceptsUnnamed || !next.isNone)
        table.peers.release(peer)
        let host = next.hostWords
        peer = table.peers.hold(sourceHash, host: addressHash(host.0, host.1, host.2), at: tyme)
    }

    /// What the source is.
    @inline(__always) var standing: Peers.Class { table.peers.rows[Int(peer)].standing }

    /// Takes in grams of the memo that is current in one go: plain text ones, all alike, that are the next ones by
    /// number and not the last. All that ``take(_:)`` would ask of each of them is asked once.
    ///
    /// - Returns: how many bytes of the train they are.
    @inline(never) private mutating func takeRun(_ bytes: RawSpan, from start: Int, _ segment: Int) -> Int {
        let body = segment &- GramHead.unsignedText
        guard body > 0, isCurrent(recent.mid), table.rows[Int(current)].kind == .plain else { return 0 }
        let most = table.room(for: (bytes.byteCount &- start) / segment, of: body, in: current)
        let next = table.rows[Int(current)].next
        var run = 0
        while run < most, recent.heads(bytes, at: start &+ run &* segment, .plainLater, next &+ run) { run &+= 1 }
        guard run > 0 else { return 0 }
        counts.received.grams &+= run
        counts.received.bytes &+= run &* segment
        table.charge(run, of: body, to: current)
        table.rows[Int(current)].add(run, of: body, bytes, from: start &+ GramHead.unsignedText, each: segment)
        table.touch(current, at: tyme)
        return run &* segment
    }

    /// One datagram.
    private mutating func take(_ datagram: RawSpan) {
        guard datagram.byteCount > 0 else {
            counts.empty &+= 1
            return
        }
        if let head = top.head(of: datagram) {
            guard table.count == 0, takesUnsigned, head.code == .plainZeroth else {
                return takeUnsigned(head, datagram)
            }
            return takeAlone(head.mid, datagram)
        }
        switch GramHead.read(datagram, recent: recent) {
        case .success(let head):
            if head.code.isAck { return takeAck(head, datagram) }
            if !head.code.isZeroth, head.number == 0 { return drop(.zeroNumber) }
            if head.code.isSigned { return takeSigned(head, datagram) }
            if head.code.isZeroth, head.number == 1, head.domain == .text { top = RecentTop(head, of: datagram) }
            takeUnsigned(head, datagram)
        case .failure(let error): drop(error.reason)
        }
    }

    @inline(never) mutating func drop(_ reason: DropReason) { counts.drops.count(reason) }

    /// A plain memo that is one text gram, while no memo is unfinished: what ``takeUnsigned(_:_:)`` asks beside that
    /// is known.
    @inline(__always) private mutating func takeAlone(_ mid: Mid, _ datagram: RawSpan) {
        let print = midHash(mid.high, mid.low) &+ sourceHash
        let beyond = finished.orderBeyond(mid, from: sourceHash)
        if beyond == nil && finished.contains(print) || sure.inbox.done.count > 0 && wasSure(mid, print) {
            counts.late &+= 1
            return
        }
        takeWhole(mid, datagram, from: GramHead.unsignedText, print, beyond)
    }

    @inline(never) private mutating func takeUnsigned(_ head: GramHead, _ datagram: RawSpan) {
        guard takesUnsigned else { return drop(requiresSigned ? .unsigned : .unnamed) }
        if head.code.isSure {
            sure.isActive = true
            return takeSure(head, datagram)
        }
        let body = datagram.extracting(head.bodyStart..<datagram.byteCount)
        if isCurrent(head.mid) { return add(head, body, to: current) }
        if head.domain == .text, !(head.code.isZeroth && head.number <= 1) {
            recent = RecentMid(head.mid, of: datagram)
        }
        let hash = midHash(head.mid.high, head.mid.low)
        let print = hash &+ sourceHash
        let beyond = finished.orderBeyond(head.mid, from: sourceHash)
        if beyond == nil && finished.contains(print) || sure.inbox.done.count > 0 && wasSure(head.mid, print) {
            counts.late &+= 1
            return
        }
        let from = source
        let row =
            table.count == 0
            ? -1 : table.find(head.mid, hash) { if case .source(from) = $0.key { true } else { false } }
        if row < 0, head.code.isZeroth, head.number <= 1 {
            return takeWhole(head.mid, datagram, from: head.bodyStart, print, beyond)
        }
        if row >= 0 {
            current = row
            return add(head, body, to: row)
        }
        open(head, body, hash, print)
    }

    /// Whether a sure memo of this source and id is over: a family is locked as long as its memo is remembered.
    @inline(never) private mutating func wasSure(_ mid: Mid, _ print: UInt64) -> Bool {
        guard sure.inbox.done.count > 0,
            !sure.inbox.done.isBeyond(mid, sender: sourceHash, standing, changes: table.peers.changes)
        else { return false }
        return sure.inbox.done.find(print) != nil
    }

    /// Whether the memo that the last unsigned gram belonged to is also this one's.
    @inline(__always) private func isCurrent(_ mid: Mid) -> Bool {
        guard current >= 0, table.rows[Int(current)].mid == mid, table.rows[Int(current)].isOpen else { return false }
        if case .source(let from) = table.rows[Int(current)].key { return from == source }
        return false
    }

    /// A memo of one gram: nothing but its bytes is allocated.
    @inline(__always) private mutating func takeWhole(
        _ mid: Mid, _ datagram: RawSpan, from bodyStart: Int, _ print: UInt64, _ beyond: MidOrder?
    ) {
        let body = datagram.extracting(bodyStart..<datagram.byteCount)
        guard body.byteCount <= limits.memoBytes else { return drop(.tooLarge) }
        guard !inbox.isFull else { return drop(.inboxFull) }
        counts.received.grams &+= 1
        counts.received.bytes &+= datagram.byteCount
        if let beyond {
            finished.insert(print, beyond: beyond, standing)
        } else {
            finished.insert(print, mid, from: sourceHash, standing)
        }
        if isText, !isUTF8(body) { return drop(.notText) }
        if let reader {
            counts.received.memos &+= 1
            return reader.read(body, MemoHead(source: source, mid: mid), at: tyme)
        }
        deliver(Memo(bytes: copy(body), source: source, mid: mid))
    }

    /// The bytes of a memo, in storage that was given back, or else in their own.
    ///
    /// A small memo that comes alone is written over the one that came alone before, if that is as long and nobody has
    /// it any more: to allocate and to free takes a twelfth of the instructions of a lone memo in simulated time. Where
    /// somebody still has it, the array copies itself first.
    @inline(__always) mutating func copy(_ body: RawSpan) -> [UInt8] {
        if let bytes = spares.copy(body) { return bytes }
        guard inbox.isEmpty, body.byteCount <= Memoer.longestLent else {
            return unsafe body.withUnsafeBytes { unsafe [UInt8]($0) }
        }
        if lent.count == body.byteCount {
            unsafe lent.withUnsafeMutableBytes { room in
                unsafe body.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
            }
        } else {
            lent = unsafe body.withUnsafeBytes { unsafe [UInt8]($0) }
        }
        return lent
    }

    /// What is longer is not written over: whoever changes its memo would have it copied before.
    private static var longestLent: Int { 2048 }

    @inline(__always) mutating func deliver(_ memo: consuming Memo) {
        counts.received.memos &+= 1
        inbox.append(memo)
    }

    /// Opens a memo with its first gram to arrive.
    @inline(never) private mutating func open(
        _ head: GramHead, _ body: RawSpan, _ hash: UInt64, _ print: UInt64
    ) {
        guard let kind = head.code.kind else { return }
        switch table.open(head.mid, hash, key: .source(source), kind: kind, of: standing, peer: peer, at: tyme) {
        case .failure(let failure): drop(failure.reason)
        case .success(let row):
            table.rows[Int(row)].source = source
            table.rows[Int(row)].print = print
            current = row
            add(head, body, to: row)
        }
        collectEvicted()
    }

    /// Counts what made room. A sure memo of which grams were acknowledged is refused: whoever asks is told so.
    @inline(__always) mutating func collectEvicted() { if !table.evicted.isEmpty { concludeEvicted() } }

    @inline(never) private mutating func concludeEvicted() {
        for gone in table.evicted {
            drop(.evicted)
            guard gone.isAcknowledged else { continue }
            let count = gone.count > 0 ? gone.count : limits.memoGrams
            let end = DoneTable.End(.refused, reason: SureRefusal.capacity.reason, count: count)
            concludeAll(gone.print, end, gone.mid, gone.key, from: gone.source, gone.standing)
        }
        table.evicted.removeAll(keepingCapacity: true)
    }

    /// Adds a gram to the memo it belongs to, and delivers the memo if it is whole.
    @inline(__always) mutating func add(_ head: GramHead, _ body: RawSpan, to row: Int32) {
        if head.code.isSure, table.rows[Int(row)].kind.isSure { return addSure(head, body, to: row) }
        switch judge(head, body, row) {
        case .take: take(head, body, to: row)
        case .duplicate: counts.duplicates &+= 1
        case .drop(let reason):
            drop(reason)
            closeIfEmpty(row)
        case .refuse(let reason): refuse(row, reason)
        }
    }

    /// Adds a gram that was judged, and verified if it is signed.
    @inline(__always) mutating func take(_ head: GramHead, _ body: RawSpan, to row: Int32) {
        guard table.charge(body.byteCount, to: row) else {
            collectEvicted()
            return refuse(row, .capacity)
        }
        collectEvicted()
        counts.received.grams &+= 1
        counts.received.bytes &+= body.byteCount &+ head.code.layout.overhead(in: head.domain)
        if head.code.isZeroth { begin(row, count: max(1, head.number), with: body) }
        table.rows[Int(row)].add(head.code.isZeroth ? 0 : head.number, body)
        table.touch(row, at: tyme)
        if table.rows[Int(row)].isComplete { finish(row) }
    }

    /// The gram that says how many there are.
    @inline(never) private mutating func begin(_ row: Int32, count: Int, with body: RawSpan) {
        for _ in 0..<table.rows[Int(row)].limit(to: count) { drop(.numberOutOfRange) }
        table.adopt(row)
        guard count > 1 else { return }
        let expected = count.multipliedReportingOverflow(by: max(body.byteCount, table.rows[Int(row)].longest))
        guard !expected.overflow, expected.partialValue <= limits.memoBytes + Spares.largeCapacity else { return }
        if let spare = spares.takeLarge(expected.partialValue) { table.rows[Int(row)].bytes = spare }
    }

    /// A row that was opened for a gram which then could not be kept.
    mutating func closeIfEmpty(_ row: Int32) {
        if table.rows[Int(row)].held == 0 { table.close(row) }
    }

    /// Gives a memo up for good: what is still to come of it is late.
    @inline(never) mutating func refuse(_ row: Int32, _ reason: DropReason) {
        if table.rows[Int(row)].kind.isSure { return refuseSure(row, reason) }
        remember(row)
        spares.give(table.close(row))
        drop(reason)
    }

    /// What is still to come of this memo is late.
    private mutating func remember(_ row: Int32) {
        let print = table.rows[Int(row)].print
        let mid = table.rows[Int(row)].mid
        if case .source(let source) = table.rows[Int(row)].key {
            finished.insert(print, mid, from: addressHash(source.tag, source.hi, source.lo), standing(of: row))
        } else {
            let standing = standing(of: row)
            finishedSigned.insert(print, standing)
            finishedSigned.insert(parkedPrint(midHash(mid.high, mid.low), of: table.rows[Int(row)].source), standing)
        }
    }

    /// What the peer of an open memo is by now.
    func standing(of row: Int32) -> Peers.Class { table.peers.rows[Int(table.rows[Int(row)].peer)].standing }

    /// What the later grams of a signed memo that is over are known by: they carry no vid.
    func parkedPrint(_ hash: UInt64, of source: Address) -> UInt64 {
        hash ^ (addressHash(source.tag, source.hi, source.lo) &* 3)
    }

    /// Delivers a memo that is whole.
    @inline(never) private mutating func finish(_ row: Int32) {
        if table.rows[Int(row)].kind.isSure { return finishSure(row) }
        remember(row)
        let mid = table.rows[Int(row)].mid
        let source = table.rows[Int(row)].source
        var vid: Vid?
        if case .vid(let signer) = table.rows[Int(row)].key { vid = signer }
        let bytes = table.close(row)
        if isText, unsafe !isUTF8(bytes.span.bytes) {
            spares.give(bytes)
            return drop(.notText)
        }
        if let reader {
            counts.received.memos &+= 1
            unsafe reader.read(bytes.span.bytes, MemoHead(source: source, vid: vid, mid: mid), at: tyme)
            return spares.give(consume bytes)
        }
        deliver(Memo(bytes: bytes, source: source, vid: vid, mid: mid))
    }
}

// MARK: - Judging

extension Memoer {
    /// What is to become of a gram of an open memo.
    enum Verdict {
        case take
        case duplicate
        /// The gram is dropped.
        case drop(DropReason)
        /// The memo is given up.
        case refuse(DropReason)
    }

    /// All that can be known of a gram before its signature is looked at.
    @inline(__always) func judge(_ head: GramHead, _ body: RawSpan, _ row: Int32) -> Verdict {
        let row = Int(row)
        guard head.code.kind == table.rows[row].kind else { return .drop(.family) }
        let number = head.code.isZeroth ? 0 : head.number
        let count = table.rows[row].count
        if head.code.isZeroth {
            if count > 0, count != max(1, head.number) { return .drop(.countChanged) }
            if head.number > limits.memoGrams { return .refuse(.tooManyGrams) }
        } else if count > 0 ? number >= count : number >= limits.memoGrams {
            return .drop(.numberOutOfRange)
        }
        if number != table.rows[row].next || count == 0 {
            switch table.rows[row].holds(number, body) {
            case .no: break
            case .same: return .duplicate
            case .other: return .drop(.conflict)
            }
        }
        return judgeSize(number, count > 0 ? count : head.code.isZeroth ? max(1, head.number) : 0, body, row)
    }

    @inline(__always) private func judgeSize(
        _ number: Int, _ count: Int, _ body: RawSpan, _ row: Int
    ) -> Verdict {
        let isLast = number == count &- 1
        let counted = isLast ? body.byteCount : max(AssemblyTable.leastBody, body.byteCount)
        guard table.rows[row].counted &+ counted <= limits.memoBytes else { return .refuse(.tooLarge) }
        let longest = isLast ? table.rows[row].longest : max(table.rows[row].longest, body.byteCount)
        if count > 1 {
            // The last gram may be short: what the others come to is a lower bound of an even partition.
            let least = (count &- 1).multipliedReportingOverflow(by: longest)
            if least.overflow || least.partialValue > limits.memoBytes { return .refuse(.tooLarge) }
        }
        guard table.rows[row].held &+ 1 != count || !inbox.isFull else { return .drop(.inboxFull) }
        return .take
    }
}

extension GramError {
    /// What a datagram that is no gram is counted as.
    var reason: DropReason {
        switch self {
        case .unknownDomain: .unknownDomain
        case .truncated: .truncated
        case .unknownCode: .unknownCode
        case .ack: .ack
        case .badField: .badField
        case .zeroNumber: .zeroNumber
        }
    }
}
