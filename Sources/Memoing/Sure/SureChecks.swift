import Wiring

// What must hold between any two calls; for tests.

extension SureOutbox {
    /// Counts everything anew, and traps where something that is kept differs.
    func checkInvariants() {
        let alive = memos.indices.filter { memos[$0].serial != 0 }
        precondition(alive.count == unfinished, "unfinished \(unfinished), alive \(alive.count)")
        precondition(unfinishedBytes == alive.reduce(0) { $0 + memos[$1].bytes.count }, "bytes \(unfinishedBytes)")
        precondition(overruns == 0, "more in flight than the window, \(overruns) times")
        for lane in lanes.indices { checkLane(lane, alive.filter { memos[$0].lane == Int32(lane) }) }
        if unfinished == 0 {
            precondition(deadline == .max, "a timer without a memo")
            precondition(turns.first(of: Turn.ready) < 0, "ready without a memo")
        }
    }

    private func checkLane(_ lane: Int, _ alive: [Int]) {
        let open = lanes[lane].log.open
        precondition(lanes[lane].unfinished == alive.count, "unfinished of lane \(lane)")
        precondition(lanes[lane].inFlight == open.count, "in flight \(lanes[lane].inFlight), open \(open.count)")
        for (order, entry) in open {
            let memo = memos[Int(entry.row)]
            precondition(memo.serial == entry.serial, "a sending of a memo that is over")
            precondition(memo.transmission(of: entry.gram) == order, "a sending that is not the gram's last")
            precondition(!memo.isAcked(entry.gram), "a sending of a gram that is acknowledged")
        }
        func place(_ row: Int, _ gram: Int) -> UInt64 { UInt64(row) << 32 | UInt64(gram) }
        var known = Set(open.map { place(Int($0.entry.row), Int($0.entry.gram)) })
        let lost = (0..<lanes[lane].lost.count).map { lanes[lane].lost[$0] }.filter(isAlive)
        for gram in lost { known.insert(place(Int(gram.row), Int(gram.gram))) }
        for row in alive {
            let memo = memos[row]
            precondition(memo.order - lanes[lane].firstOrder < SureLane.span || memo.next == 0, "span")
            for gram in memo.base..<max(memo.base, memo.next) where !memo.isAcked(gram) {
                precondition(known.contains(place(row, Int(gram))), "gram \(gram) of \(memo.mid) is nowhere")
            }
        }
        guard !alive.isEmpty else { return }
        let list = turns.list(of: Int32(lane))
        let isAwake = [Turn.ready, Turn.blocked, Turn.waiting].contains(list)
        precondition(isAwake || deadline(of: lane) != .max, "lane \(lane) sleeps")
        precondition(list != Turn.idle, "lane \(lane) is idle with \(alive.count) memos")
    }
}

extension Memoer {
    /// Traps where the tables of sure memos contradict themselves: for tests.
    package func checkSureInvariants() {
        sure.outbox.checkInvariants()
        checkInvariants()
        precondition(sure.inbox.done.count <= 2 * limits.sureFinished, "done \(sure.inbox.done.count)")
        precondition(sure.inbox.done.floorCount <= 4096, "floors")
        precondition(sure.inbox.ready.count <= limits.acks && sure.inbox.repeats.count <= SureInbox.mostRepeats, "acks")
        if sure.outbox.unfinished > 0 { precondition(sure.isActive, "asleep with memos") }
    }

    /// True if nothing of any sure memo is left but the memory of what is over: for tests.
    package var isSureQuiet: Bool {
        sure.outbox.unfinished == 0 && sure.inbox.endings.isEmpty && sure.inbox.ready.isEmpty
            && sure.inbox.repeats.isEmpty && wakeTyme == nil
    }
}
