/// What the network keeps of a host.
struct HostState {
    /// It has crashed, and not booted since.
    var isDown = false
    /// The plan makes it a slow reader at some time.
    var hasSlowness = false
}
