import Doing
import Wiring

extension SureOutbox {
    /// Whether an ack can be of this memo: everything that can be asked without its signature.
    func isPossible(_ ack: Ack, of row: Int32) -> Bool {
        let (next, count) = (memos[Int(row)].next, memos[Int(row)].count)
        guard ack.trigger < Int(next) else { return false }
        guard let body = ack.body else { return true }
        switch body.status {
        case .more: break
        case .done: return next == count && body.base == Int(count)
        case .refused, .stale: return true
        }
        guard body.base <= Int(next), body.base < Int(count) || count == next else { return false }
        guard let last = body.held.last else { return true }
        let greatest = body.firstBit + 24 * body.held.count - 1 - last.trailingZeroBitCount
        return greatest < Int(next)
    }

    /// Takes in an ack that is possible, and good.
    ///
    /// - Parameter isSigned: whether a good signature stands under it, so that signed memos of the sheaf may be
    ///   acknowledged too.
    mutating func acknowledge(_ ack: Ack, of row: Int32, at now: Micros, isSigned: Bool) {
        let laneRow = memos[Int(row)].lane
        let lane = Int(laneRow)
        let before = lanes[lane].detector.greatest
        let inFlight = lanes[lane].inFlight
        let serial = memos[Int(row)].serial
        var progress = 0
        counts.acks += 1
        sample(ack, of: row, lane, now)
        progress += take(Int32(ack.trigger), row, lane, before, now)
        if let body = ack.body {
            switch body.status {
            case .more:
                memos[Int(row)].isTold = true
                progress += takeBody(body, row, lane, before, now)
                // Grams are missing there, and all were acknowledged: it has forgotten some, as after a crash.
                if memos[Int(row)].base == memos[Int(row)].count { finish(row, .timedOut) }
            case .done:
                if !body.isDuplicate { lanes[lane].heard(body.heard, of: Int(memos[Int(row)].sendings)) }
                progress += takeAll(row, lane, before, now)
                finish(row, .delivered)
            case .refused: finish(row, .refused(SureRefusal(reason: body.reason)))
            case .stale: finish(row, .refused(.stale))
            }
            for mid in body.further {
                let other = find(mid)
                guard other >= 0, memos[Int(other)].lane == laneRow else { continue }
                guard memos[Int(other)].next == memos[Int(other)].count,
                    isSigned || !memos[Int(other)].kind.isSigned
                else { continue }
                progress += takeAll(other, lane, before, now)
                finish(other, .delivered)
            }
        }
        if memos[Int(row)].serial == serial, memos[Int(row)].base == memos[Int(row)].count {
            // Every gram was acknowledged, each by itself: whoever answers so has the memo. Not so a receiver that has
            // told what it holds and does not say that it is whole: it has forgotten some, and could afford heads only.
            finish(row, memos[Int(row)].isTold ? .timedOut : .delivered)
        }
        // Any word ends the silence.
        hear(lane, now)
        lanes[lane].loss.heard(progress)
        if progress > 0 {
            counts.acknowledged += progress
            lanes[lane].allowance = min(lanes[lane].allowance + progress, SureControl.mostInFlight)
            lanes[lane].controller.acknowledged(
                progress, sentAt: lanes[lane].detector.greatestSentAt,
                isUsed: lanes[lane].isHeldBack || inFlight >= lanes[lane].controller.window / 2)
            detectLosses(lane, now)
        }
        after(laneRow, now)
    }

    /// A round trip is measured by a gram that was sent once only (Karn), and of a full ack, which tells the lag; an
    /// ack of a head only is sent at once for a memo of one gram.
    private mutating func sample(_ ack: Ack, of row: Int32, _ lane: Int, _ now: Micros) {
        guard ack.body != nil || memos[Int(row)].count == 1 else { return }
        guard ack.body?.isDuplicate != true, !memos[Int(row)].isAcked(Int32(ack.trigger)) else { return }
        let order = memos[Int(row)].transmission(of: Int32(ack.trigger))
        guard let entry = lanes[lane].log[order], !entry.isOver, entry.tries == 1 else { return }
        let lag = Micros(ack.body?.lag ?? 0)
        lanes[lane].roundTrip.sample(now - entry.sentAt - lag, lag: lag, granularity: granularity)
        lanes[lane].controller.measured(lanes[lane].roundTrip.latest, least: lanes[lane].roundTrip.least)
    }

    private mutating func takeBody(
        _ body: Ack.Body, _ row: Int32, _ lane: Int, _ before: UInt64, _ now: Micros
    ) -> Int {
        var progress = 0
        while Int(memos[Int(row)].base) < body.base {
            progress += take(memos[Int(row)].base, row, lane, before, now)
        }
        for (index, word) in body.held.enumerated() {
            var bits = word
            while bits != 0 {
                let bit = bits.leadingZeroBitCount - 8
                bits &= ~(1 << UInt32(23 - bit))
                progress += take(Int32(body.firstBit + 24 * index + bit), row, lane, before, now)
            }
        }
        if body.credit > Int(memos[Int(row)].credit) || memos[Int(row)].isParked {
            memos[Int(row)].credit = max(memos[Int(row)].credit, Int32(body.credit))
            unpark(row, lane)
        } else if body.credit < Int(memos[Int(row)].credit), memos[Int(row)].credit == SureMemo.firstCredit {
            // What was assumed is replaced by what the receiver says; from then on credit never falls.
            memos[Int(row)].credit = Int32(body.credit)
        }
        return progress
    }

    private mutating func unpark(_ row: Int32, _ lane: Int) {
        guard memos[Int(row)].isParked, memos[Int(row)].next < memos[Int(row)].credit else { return }
        memos[Int(row)].isParked = false
        let serial = memos[Int(row)].serial
        lanes[lane].parked.removeAll { $0.serial == serial }
        lanes[lane].fresh[memos[Int(row)].priority].append(
            GramRef(row: row, gram: 0, serial: serial, sentAt: .min, tries: 0))
    }

    private mutating func takeAll(_ row: Int32, _ lane: Int, _ before: UInt64, _ now: Micros) -> Int {
        var progress = 0
        while memos[Int(row)].base < memos[Int(row)].count {
            progress += take(memos[Int(row)].base, row, lane, before, now)
        }
        return progress
    }

    /// One gram is acknowledged.
    ///
    /// - Returns: 1 if that is new.
    @inline(__always) private mutating func take(
        _ gram: Int32, _ row: Int32, _ lane: Int, _ before: UInt64, _ now: Micros
    ) -> Int {
        guard !memos[Int(row)].isAcked(gram) else { return 0 }
        let order = memos[Int(row)].transmission(of: gram)
        memos[Int(row)].acknowledge(gram)
        memos[Int(row)].rounds = 0
        if let entry = lanes[lane].log.end(order) {
            lanes[lane].inFlight &-= 1
            let age = now &- entry.sentAt
            if entry.tries == 1 {
                if order < before, let smoothed = lanes[lane].roundTrip.smoothed {
                    lanes[lane].detector.cameLate(after: age, smoothed: smoothed)
                }
                lanes[lane].detector.acknowledged(order, sentAt: entry.sentAt, after: age)
            } else if age &+ granularity < lanes[lane].roundTrip.least, let smoothed = lanes[lane].roundTrip.smoothed {
                // Sooner than any ack of the repetition can come: the gram was not lost, but late (RFC 4015).
                lanes[lane].detector.wasEarly(smoothed: smoothed)
                lanes[lane].controller.spared()
                lanes[lane].loss.spared()
                counts.spurious += 1
            } else {
                lanes[lane].detector.acknowledged(order, sentAt: entry.sentAt, after: age)
            }
        } else if let smoothed = lanes[lane].roundTrip.smoothed {
            // Taken for lost, and not sent again yet.
            lanes[lane].detector.wasEarly(smoothed: smoothed)
            lanes[lane].controller.spared()
            lanes[lane].loss.spared()
        }
        return 1
    }
}
