import Foundation
import Sockets
import Wiring

extension UDPPeer {
    /// Ties the open socket to one other end, so that the system tells when that port is closed: it then counts in
    /// `receiveErrors`, or refuses what is sent next. Nothing is heard of others from then on.
    func tie(to there: Address) {
        guard let descriptor else { return }
        let port = in_port_t(there.port.bigEndian)
        switch there.family {
        case .ip4:
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port
            place.sin_addr.s_addr = UInt32(truncatingIfNeeded: there.lo).bigEndian
            withUnsafePointer(to: &place) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .ip6, .unix, .host, .none: break  // IPv6 is left as it is: nothing is told there
        }
    }
}
