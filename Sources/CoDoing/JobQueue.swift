/// Jobs in the order in which they became ready: a ring that grows.
@unsafe struct JobQueue {
    private var base: UnsafeMutablePointer<UnownedJob>
    private var mask: Int
    private var head = 0
    private(set) var count = 0

    init() {
        unsafe base = .allocate(capacity: 4)
        unsafe mask = 3
    }

    /// Gives the memory back; the queue is not used after that.
    func free() { unsafe base.deallocate() }

    @inline(__always)
    mutating func append(_ job: UnownedJob) {
        if unsafe _slowPath(count > mask) { unsafe grow() }
        unsafe (base + (head &+ count) & mask).initialize(to: job)
        unsafe count &+= 1
    }

    @inline(__always)
    mutating func popFirst() -> UnownedJob? {
        guard unsafe count > 0 else { return nil }
        let job = unsafe base[head]
        unsafe head = unsafe (head &+ 1) & mask
        unsafe count &-= 1
        return job
    }

    @inline(never)
    private mutating func grow() {
        let wider = unsafe UnsafeMutablePointer<UnownedJob>.allocate(capacity: 2 * (mask + 1))
        for index in unsafe 0..<count { unsafe (wider + index).initialize(to: base[(head + index) & mask]) }
        unsafe base.deallocate()
        unsafe (base, mask, head) = unsafe (wider, 2 * mask + 1, 0)
    }
}
