/// Which waits begin with looking instead of sleeping: those that follow on several short ones, until looking fails.
///
/// A wake from sleep costs tens of microseconds where a processor has to be woken too, so in an exchange in which each
/// end waits for the other it pays to look for a while. Elsewhere it must cost nothing: what comes of it is counted.
/// One look in vain, and twice as many short waits as before have to come before the next.
struct Vigil {
    /// Short waits that have to come before the first look.
    static let least = 4
    /// The same at most, after many looks in vain.
    static let most = 1024

    /// Nanoseconds that one look may take; 0 never looks.
    let limit: Int64
    private var short = 0
    private var needed = least

    init(limit: Int64) { self.limit = limit }

    /// Whether it ever looks, so that waits have to be timed.
    var isWanted: Bool { limit > 0 }

    /// Whether the next wait begins with a look.
    var isDue: Bool { short >= needed }

    /// A wait has ended with news after so many nanoseconds of sleep, or without any: then say `.max`. News came before
    /// the wake, so twice the limit counts as short.
    mutating func slept(_ nanoseconds: Int64) { short = nanoseconds < 2 * limit ? min(short + 1, Self.most) : 0 }

    /// A look has ended, with what it looked for or without.
    mutating func looked(isFound: Bool) {
        if isFound {
            needed = max(Self.least, needed / 2)
        } else {
            needed = min(2 * needed, Self.most)
            short = 0
        }
    }
}
