import Wiring

/// Rendering the memos of a lane into a train: without the outbox, so that nothing of it is copied for a call.
extension Outbox {
    enum Step {
        /// All grams of the memo are in the train.
        case whole
        /// No more fits.
        case full
        /// The memo cannot be sent.
        case cannot(MemoFailure.Reason)
    }

    /// What the rendering of a lane's memos needs to know.
    struct Way {
        let sizes: GramSizes
        let lowered: Int?
        let maximum: Int

        /// Whether an unsigned memo of `length` bytes is one gram.
        @inline(__always) func isOne(_ length: Int, _ memo: Outgoing.Note) -> Bool {
            length &+ (memo.domain == .text ? 32 : 24) <= sizes.size(memo.kind, memo.domain, lowered: lowered)
        }

        func plan(_ length: Int, _ memo: Outgoing.Note) -> RendPlan? {
            GramSizes.plan(length, memo.kind, memo.domain, sizes.size(memo.kind, memo.domain, lowered: lowered))
        }
    }

    /// Appends an unsigned memo of one gram, if it fits.
    @inline(__always) static func appendOne(
        _ bytes: RawSpan, _ memo: Outgoing.Note, _ top: inout WrittenTop, _ load: inout TrainLoad,
        _ out: inout OutputRawSpan
    ) -> Step {
        let overhead = memo.domain == .text ? 32 : 24
        let length = bytes.byteCount &+ overhead
        guard length <= load.datagram else { return .cannot(.tooLarge(size: length, maximum: load.datagram)) }
        guard load.hasRoom(for: length) else { return .full }
        unsafe out.withUnsafeMutableBytes { room, filled in
            let target = unsafe room.baseAddress! + filled
            switch memo.domain {
            case .text: unsafe top.store(memo.kind.zeroth, memo.mid, to: target)
            case .binary:
                let head = GramHead(code: memo.kind.zeroth, domain: .binary, number: 1, mid: memo.mid)
                unsafe head.store(to: target)
            }
            unsafe bytes.withUnsafeBytes { bytes in
                guard let from = bytes.baseAddress else { return }
                unsafe (target + overhead).copyMemory(from: from, byteCount: bytes.count)
            }
            filled &+= length
        }
        load.add(1, of: length)
        return .whole
    }

    /// Appends the one memo of a lane, if it is unsigned, one gram, and fits.
    ///
    /// - Returns: whether it was appended; whoever asks goes the long way if not.
    @inline(__always) static func appendAlone(
        _ lanes: borrowing [Lane], _ lane: Int, _ sizes: GramSizes, _ top: inout WrittenTop,
        _ load: inout TrainLoad, _ out: inout OutputRawSpan
    ) -> Bool {
        let lanes = lanes.span
        guard lanes[lane].count == 1, lanes[lane].progress == 0, lanes[lane].stash.isEmpty else { return false }
        let memos = lanes[lane].queue.span
        let head = lanes[lane].head
        let note = memos[head].note
        let way = Way(sizes: sizes, lowered: lanes[lane].lowered, maximum: 0)
        guard !note.isGram, !note.kind.isSigned, way.isOne(memos[head].bytes.count, note) else { return false }
        guard case .whole = unsafe appendOne(memos[head].bytes.span.bytes, note, &top, &load, &out) else {
            return false
        }
        return true
    }

    /// A memo of several grams: runs of equal ones at once.
    @inline(never) static func appendRun(
        _ bytes: [UInt8], _ memo: Outgoing.Note, from number: Int, _ way: Way, _ load: inout TrainLoad,
        _ out: inout OutputRawSpan
    ) -> Step {
        guard let plan = way.plan(bytes.count, memo) else {
            return .cannot(.tooLarge(size: bytes.count, maximum: way.maximum))
        }
        var number = number
        while number < plan.count {
            let length = plan.length(of: number)
            guard length <= load.datagram else { return .cannot(.tooLarge(size: length, maximum: load.datagram)) }
            // All but the first and the last are alike.
            let alike = number == 0 || number == plan.count - 1 ? 1 : plan.count - 1 - number
            let count = min(alike, load.room(for: length))
            guard count > 0 else { return .full }
            unsafe plan.append(number..<number + count, of: bytes.span.bytes, mid: memo.mid, to: &out)
            load.add(count, of: length)
            number += count
        }
        return .whole
    }

    /// Signed grams, one by one, and ready ones.
    @inline(never) static func appendSlow(
        _ bytes: [UInt8], _ memo: Outgoing.Note, from number: Int, _ way: Way, _ signer: (any Signer)?,
        _ identities: [Identity], _ load: inout TrainLoad, _ out: inout OutputRawSpan
    ) -> Step {
        if memo.isGram {
            let length = bytes.count
            guard length <= load.datagram else { return .cannot(.tooLarge(size: length, maximum: load.datagram)) }
            guard load.hasRoom(for: length) else { return .full }
            unsafe out.append(contentsOf: bytes.span.bytes)
            load.add(1, of: length)
            return .whole
        }
        guard let signer, let plan = way.plan(bytes.count, memo) else {
            return .cannot(.tooLarge(size: bytes.count, maximum: way.maximum))
        }
        let identity = identities[Int(memo.identity)]
        for number in number..<plan.count {
            let length = plan.length(of: number)
            guard length <= load.datagram else { return .cannot(.tooLarge(size: length, maximum: load.datagram)) }
            guard load.hasRoom(for: length) else { return .full }
            do {
                try unsafe plan.append(
                    number, of: bytes.span.bytes, mid: memo.mid, as: identity.vid, seed: identity.seed,
                    verifyKey: identity.verifyKey, by: signer, to: &out)
            } catch {
                return .cannot(.signing(error))
            }
            load.isSigned = true
            load.add(1, of: length)
        }
        return .whole
    }
}
