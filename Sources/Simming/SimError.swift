/// What cannot be rehearsed as it was asked for.
public enum SimError: Error, Hashable, CustomStringConvertible {
    /// The net is not the first doer at the root of its doist, so what is sent in a pass could arrive in the same.
    case netNotFirst
    /// The host schedules no doers, so there is nobody to stop; it must be among the doers of the doist.
    case hostNotScheduled(host: String)

    public var description: String {
        switch self {
        case .netNotFirst: "the net must be the first doer at the root: Doist([net, …])"
        case .hostNotScheduled(let host):
            "host \(host) schedules no doers: give them to it with boot, and give it to the doist behind the net"
        }
    }
}
