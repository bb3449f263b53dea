import Doing
import Wiring

extension Memoer {
    /// A signed gram. Everything cheap is asked before the signature is looked at, and nothing is kept under a vid
    /// before its signature was found good.
    @inline(never) mutating func takeSigned(_ head: GramHead, _ datagram: RawSpan) {
        guard signer != nil else { return drop(.noSigner) }
        if head.code.isSure { sure.isActive = true }
        let hash = midHash(head.mid.high, head.mid.low)
        if head.code.isZeroth {
            takeSignedZeroth(head, datagram, hash)
        } else {
            takeSignedLater(head, datagram, hash)
        }
    }

    private mutating func takeSignedZeroth(_ head: GramHead, _ datagram: RawSpan, _ hash: UInt64) {
        guard let vid = head.vid(of: datagram), let signature = head.signature(of: datagram) else {
            return drop(.badField)
        }
        if let allowed, !allowed.contains(vid) { return drop(.notAllowed) }
        let words = vid.material
        let vidPrint = vidHash(words.a, words.b, words.c, words.d, UInt64(vid.code.value))
        let print = hash &+ vidPrint
        if head.code.isSure, let end = sure.inbox.done.find(print) { return answerLate(head, end, isSigned: true) }
        if finishedSigned.contains(print) {
            counts.late &+= 1
            return
        }
        let kept = keep.keys(of: vid)
        guard let key = vid.key ?? kept?.verifyKey else { return drop(.unknownVid) }
        let isKnown = allowed != nil || kept != nil
        let body = datagram.extracting(head.bodyStart..<head.bodyEnd(datagram.byteCount))
        var row = table.find(head.mid, hash) { if case .vid(vid) = $0.key { true } else { false } }
        if row >= 0, !isWorthVerifying(head, body, row) { return }
        guard isGood(signature, of: datagram, head, key, isKnown: isKnown) else { return }
        if isKnown { table.peers.raise(peer, to: .proven) }
        if row < 0 {
            guard let kind = head.code.kind else { return }
            if kind.isSure, sure.inbox.done.isStale(head.mid, sender: vidPrint, .signed) {
                return answerStale(head, isSigned: true)
            }
            let signing = table.peers.hold(vidPrint, host: nil, at: tyme)
            if isKnown { table.peers.raise(signing, to: .known) }
            let opened = table.open(
                head.mid, hash, key: .vid(vid), kind: kind, of: table.peers.rows[Int(signing)].standing, peer: signing,
                at: tyme)
            table.peers.release(signing)
            collectEvicted()
            switch opened {
            case .failure(let failure):
                drop(failure.reason)
                if kind.isSure { refuseNew(head, print, .vid(vid), failure.reason) }
                return
            case .success(let new): row = new
            }
            table.rows[Int(row)].source = source
            table.rows[Int(row)].print = print
            table.rows[Int(row)].verifyKey = key
            if kind.isSure { openAcks(row, head.mid, isSigned: true) }
        }
        add(head, body, to: row)
        adoptParked(head.mid, hash, vid)
    }

    /// Asks the cheap questions about a gram of an open memo, and counts it if they settle the matter.
    private mutating func isWorthVerifying(_ head: GramHead, _ body: RawSpan, _ row: Int32) -> Bool {
        switch judge(head, body, row) {
        case .take, .refuse: return true
        case .duplicate:
            // What comes from elsewhere moves the address that is answered: not before its signature was found good.
            if head.code.isSure, sure.inbox.states[Int(row)].source != source { return true }
            counts.duplicates &+= 1
            if head.code.isSure { hearAgain(head.code.isZeroth ? 0 : head.number, row) }
        case .drop(let reason): drop(reason)
        }
        return false
    }

    /// Checks a signature, within the budget of the source, and counts it if it is not good.
    private mutating func isGood(
        _ signature: Signature, of datagram: RawSpan, _ head: GramHead, _ key: VerifyKey, isKnown: Bool
    ) -> Bool {
        guard let signer else { return false }
        guard table.peers.takeCheck(peer, at: tyme) else {
            drop(.verifyBudget)
            return false
        }
        guard verify(signature, of: datagram, head, key, signer) else {
            drop(.badSignature)
            return false
        }
        if isKnown { table.peers.giveBackCheck(peer) }
        return true
    }

    private func verify(
        _ signature: Signature, of datagram: RawSpan, _ head: GramHead, _ key: VerifyKey, _ signer: any Signer
    ) -> Bool {
        signer.verify(signature, of: datagram.extracting(0..<head.bodyEnd(datagram.byteCount)), key: key)
    }

    /// A later gram: it names no vid, so it is one of a memo under the same mid whose key its signature fits. Memos
    /// that came from the same source are asked first.
    private mutating func takeSignedLater(_ head: GramHead, _ datagram: RawSpan, _ hash: UInt64) {
        guard let signature = head.signature(of: datagram) else { return drop(.badField) }
        let body = datagram.extracting(head.bodyStart..<head.bodyEnd(datagram.byteCount))
        if current >= 0, isVerified(current, head.mid), table.rows[Int(current)].source == source {
            // The usual case: on with the memo of the gram before. A bad one goes through all candidates below.
            if case .settled = offer(head, body, signature, datagram, to: current) { return }
        }
        var candidates: [Int32] = []
        for row in table.all(head.mid, hash) where isVerified(row, head.mid) {
            if table.rows[Int(row)].source == source {
                candidates.insert(row, at: 0)
            } else {
                candidates.append(row)
            }
        }
        guard !candidates.isEmpty else { return park(head, datagram, hash) }
        for (index, row) in candidates.enumerated() {
            let isLast = index == candidates.count - 1
            switch offer(head, body, signature, datagram, to: row) {
            case .settled: return
            case .badSignature: if isLast { drop(.badSignature) }
            }
        }
    }

    private enum Offer { case settled, badSignature }

    private func isVerified(_ row: Int32, _ mid: Mid) -> Bool {
        guard table.rows[Int(row)].isOpen, table.rows[Int(row)].mid == mid else { return false }
        if case .vid = table.rows[Int(row)].key { return true }
        return false
    }

    /// Offers a later gram to a verified memo; what does not fit but is no forgery is counted here.
    private mutating func offer(
        _ head: GramHead, _ body: RawSpan, _ signature: Signature, _ datagram: RawSpan, to row: Int32
    ) -> Offer {
        guard let signer, let key = table.rows[Int(row)].verifyKey else { return .badSignature }
        guard isWorthVerifying(head, body, row) else { return .settled }
        guard table.peers.takeCheck(peer, at: tyme) else {
            drop(.verifyBudget)
            return .settled
        }
        guard verify(signature, of: datagram, head, key, signer) else { return .badSignature }
        if table.rows[Int(row)].standing == .known { table.peers.giveBackCheck(peer) }
        current = row
        add(head, body, to: row)
        return .settled
    }
}

// MARK: - Parking

extension Memoer {
    /// Keeps a signed later gram until its first one says whose it is, or it is too old.
    private mutating func park(_ head: GramHead, _ datagram: RawSpan, _ hash: UInt64) {
        guard let kind = head.code.kind else { return }
        let print = parkedPrint(hash, of: source)
        if kind.isSure, let end = sure.inbox.done.find(print) { return answerLate(head, end, isSigned: true) }
        if finishedSigned.contains(print) {
            counts.late &+= 1
            return
        }
        guard head.number < limits.memoGrams else { return drop(.numberOutOfRange) }
        var grams = 0
        var bytes = 0
        var row: Int32 = -1
        for other in table.all(head.mid, hash) {
            guard case .parked(let from) = table.rows[Int(other)].key else { continue }
            grams += table.rows[Int(other)].held
            bytes += table.rows[Int(other)].arena.count
            if from == source { row = other }
        }
        if row >= 0 {
            guard table.rows[Int(row)].kind == kind else { return drop(.family) }
            switch table.rows[Int(row)].holds(head.number, datagram) {
            case .no: break
            case .same:
                counts.duplicates &+= 1
                return
            case .other: return drop(.conflict)
            }
        }
        guard grams < limits.parkedGrams, bytes + datagram.byteCount <= limits.parkedBytes else {
            return drop(.parkFull)
        }
        if row < 0 {
            let opened = table.open(
                head.mid, hash, key: .parked(source), kind: kind, of: standing, peer: peer, at: tyme)
            collectEvicted()
            switch opened {
            case .failure(let failure): return drop(failure.reason)
            case .success(let new): row = new
            }
            table.rows[Int(row)].source = source
            table.rows[Int(row)].print = print
            openNoAcks(row)
        }
        guard table.charge(datagram.byteCount, to: row) else {
            collectEvicted()
            closeIfEmpty(row)
            return drop(.capacity)
        }
        collectEvicted()
        table.rows[Int(row)].held += 1
        table.rows[Int(row)].park(head.number, datagram)
        table.touch(row, at: tyme)
    }

    /// The first gram of a memo was good: what waited for it from the same source is offered to it.
    private mutating func adoptParked(_ mid: Mid, _ hash: UInt64, _ vid: Vid) {
        guard table.count > 0 else { return }
        let from = source
        let parked = table.find(mid, hash) { if case .parked(from) = $0.key { true } else { false } }
        guard parked >= 0 else { return }
        let waiting = table.rows[Int(parked)].parked
        let grams = table.rows[Int(parked)].arena
        table.close(parked)
        sure.isAdopting = true
        defer { sure.isAdopting = false }
        for gram in waiting {
            let row = table.find(mid, hash) { if case .vid(vid) = $0.key { true } else { false } }
            guard row >= 0 else {
                // The memo is over already: it had fewer grams than were waiting.
                drop(.numberOutOfRange)
                continue
            }
            offerParked(Array(grams[gram.range]), to: row)
        }
    }

    private mutating func offerParked(_ gram: [UInt8], to row: Int32) {
        let datagram = unsafe gram.span.bytes
        guard case .success(let head) = GramHead.read(datagram), let signature = head.signature(of: datagram) else {
            return drop(.badField)
        }
        let body = datagram.extracting(head.bodyStart..<head.bodyEnd(datagram.byteCount))
        if case .badSignature = offer(head, body, signature, datagram, to: row) { drop(.badSignature) }
    }
}
