/// Jobs in the order in which they became ready: a ring that grows.
struct JobQueue {
    private var base: UnsafeMutablePointer<UnownedJob>
    private var mask: Int
    private var head = 0
    private(set) var count = 0

    init() {
        base = .allocate(capacity: 4)
        mask = 3
    }

    /// Gives the memory back; the queue is not used after that.
    func free() { base.deallocate() }

    @inline(__always)
    mutating func append(_ job: UnownedJob) {
        if _slowPath(count > mask) { grow() }
        (base + (head &+ count) & mask).initialize(to: job)
        count &+= 1
    }

    @inline(__always)
    mutating func popFirst() -> UnownedJob? {
        guard count > 0 else { return nil }
        let job = base[head]
        head = (head &+ 1) & mask
        count &-= 1
        return job
    }

    @inline(never)
    private mutating func grow() {
        let wider = UnsafeMutablePointer<UnownedJob>.allocate(capacity: 2 * (mask + 1))
        for index in 0..<count { (wider + index).initialize(to: base[(head + index) & mask]) }
        base.deallocate()
        (base, mask, head) = (wider, 2 * mask + 1, 0)
    }
}
