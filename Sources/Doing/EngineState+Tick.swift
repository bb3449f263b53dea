extension EngineState {
    /// Ends a pass: the tyme goes on by the tock as it is now.
    mutating func tick() {
        lastPassTyme = clock.tyme
        clock.tick()
    }

    /// Ticks without passes until the tyme is at least `target`, at most `most` times, and returns how often.
    ///
    /// The tyme is bit for bit what that many additions give. They are replaced by one multiplication where tyme and
    /// tock are whole numbers of one power of two and the result stays below 2^53 of it, since then every sum is exact;
    /// and by one for each power of two on the way where they are not, see ``stride(until:atMost:)``.
    mutating func advance(until target: Tyme, atMost most: Int) -> Int {
        guard tyme < target, most > 0, tyme + tock > tyme else { return 0 }
        if let count = advanceEvenly(until: target, atMost: most) { return count }
        return advanceFar(until: target, atMost: most)
    }

    /// The way of nearly all: every tick makes the same step, and the quotient is at most one off. It takes half the
    /// instructions of the way over additions. Nil, and nothing is done, where that is not known.
    ///
    /// The target must be later than the tyme.
    @inline(__always)
    mutating func advanceEvenly(until target: Tyme, atMost most: Int) -> Int? {
        guard stride.tock == tock, tyme >= stride.start, target < stride.end, stride.step > 0 else { return nil }
        let step = stride.step
        // A sum with 2^52 is rounded to a whole number, which then stands in the lowest bits: the nearest one to the
        // quotient, and so the number of ticks or one less.
        let quotient = (target - tyme) / step
        guard quotient < 0x1p50 else { return nil }
        var count = Int(bitPattern: UInt(truncatingIfNeeded: (quotient + 0x1p52).bitPattern &- (0x1p52).bitPattern))
        if tyme + Double(count) * step < target { count &+= 1 }
        let last = tyme + Double(count) * step
        guard last >= target, last < stride.end, count <= most, count > 0 else { return nil }
        lastPassTyme = tyme + Double(count &- 1) * step
        tyme = last
        return count
    }

    /// The same over powers of two, or where ticks differ.
    @inline(never)
    private mutating func advanceFar(until target: Tyme, atMost most: Int) -> Int {
        if stride.tock != tock || tyme >= stride.end || tyme < stride.start {
            stride = Stride(from: tyme, tock)
            if let count = advanceEvenly(until: target, atMost: most) { return count }
        }
        // A few additions are made sooner than it is found out whether they can be left out.
        if target - tyme > 64 * tock, abs(tyme) < stride.exactReach,
            let count = exactTicks(until: target, atMost: most)
        {
            lastPassTyme = tyme + Double(count - 1) * tock
            tyme += Double(count) * tock
            return count
        }
        var count = 0
        while tyme < target, count < most {
            let following = tyme + tock
            guard following > tyme else { break }
            lastPassTyme = tyme
            tyme = following
            count += 1
            // What a stride costs is a few additions.
            if target - tyme > 8 * tock { count += stride(until: target, atMost: most - count) }
        }
        return count
    }

    /// Ticks that all make the same step, in one multiplication: how many, 0 where there are none.
    ///
    /// The steps are whole numbers of the unit of ``Stride``, below 2^53 of it, and everything here is exact.
    private mutating func stride(until target: Tyme, atMost most: Int) -> Int {
        if stride.tock != tock || tyme >= stride.end || tyme < stride.start { stride = Stride(from: tyme, tock) }
        let step = stride.step
        guard step > 0 else { return 0 }
        let end = target < stride.end ? target : stride.end
        // The quotient may be rounded up to a whole number, never beyond it: one less is never too much.
        let count = min(Int((end - tyme) / step) - 1, most)
        guard count >= 1 else { return 0 }
        assert(tyme + Double(count) * step < end, "a stride from \(tyme) beyond \(end)")
        lastPassTyme = tyme + Double(count - 1) * step
        tyme += Double(count) * step
        return count
    }

    /// How many ticks that takes if all of them are exact, else nil; at least 1.
    private func exactTicks(until target: Tyme, atMost most: Int) -> Int? {
        let unit = tyme == 0 ? tock.lowestBit : min(tyme.lowestBit, tock.lowestBit)
        guard unit > -1000 else { return nil }
        let size = Double(sign: .plus, exponent: unit, significand: 1)
        let reach = 0x1p53 * size - abs(tyme)
        guard reach > 2 * tock else { return nil }  // as with every tock that is no short binary fraction
        let room = reach / tock - 2
        var count = min(((target - tyme) / tock).rounded(.up), Double(most), 0x1p53)
        guard count <= room else { return nil }
        count = max(count, 1)
        // The quotient is rounded: look whether the tick before, or the next, is the one.
        if count > 1, tyme + (count - 1) * tock >= target { count -= 1 }
        if tyme + count * tock < target, count < Double(most) { count += 1 }
        return Int(count)
    }
}

extension Double {
    /// The exponent of the lowest bit that is set; the number must be finite and not 0.
    var lowestBit: Int {
        Int(exponent) - significandWidth
    }
}
