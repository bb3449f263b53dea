// Only until the scheduler lands: the few names that Wiring needs. Whoever merges the scheduler deletes this file.
public typealias Tyme = Double
public enum Recurrence { case again, park(until: Tyme), done }
public final class Doist {
    public var pace: (any Pace)?
}
public protocol Pace: AnyObject {
    func watch(_ descriptor: Int32, _ doer: Doer) throws
    func watchWritable(_ descriptor: Int32, _ on: Bool) throws
    func unwatch(_ descriptor: Int32)
}
open class Doer {
    public init() {}
    public init(name: String, tock: Double = 0.0, temp: Bool? = nil) throws {}
    public final var isTemp: Bool { false }
    public final var doist: Doist? { nil }
    public final func wake() {}
    open func enter(_ tyme: Tyme) throws {}
    open func recur(_ tyme: Tyme) throws -> Recurrence { .done }
    open func exit(_ tyme: Tyme) throws {}
}
