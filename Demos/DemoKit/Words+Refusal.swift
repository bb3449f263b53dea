import Memoing
import Wiring

extension Refusal {
    /// Why a datagram was refused, for people.
    var words: String {
        let code = code == 0 ? "" : " (errno \(self.code))"
        switch reason {
        case .tooLarge: return "a datagram is too large for the way to it\(code)"
        case .unreachable: return "nobody is there, or no way leads there\(code)"
        case .denied: return "the system does not permit it\(code)"
        case .badAddress: return "this socket cannot reach an address of that kind\(code)"
        case .other: return "the system refused it\(code)"
        }
    }
}

extension MemoFailure.Reason {
    /// Why a memo was not sent, for people.
    var words: String {
        switch self {
        case .refused(let refusal): refusal.words
        case .tooLarge(let size, let maximum): "a gram has \(size) bytes, and the transport carries \(maximum)"
        case .signing(let error): "it could not be signed: \(error)"
        }
    }
}
