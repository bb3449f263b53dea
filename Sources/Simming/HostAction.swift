/// What a plan does to a host, and when.
struct HostAction {
    enum Act { case pause, resume, crash, restart }

    var at: Int64
    var host: Int
    var act: Act
}
