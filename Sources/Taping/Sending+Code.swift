import Wiring

extension Sending.Outcome {
    /// How a record says it: 0 sent, 1 full, 2 peerFull, 3 refused and the number of the reason in the upper half.
    var code: (aux: UInt8, code: Int32) {
        switch self {
        case .sent: (0, 0)
        case .full: (1, 0)
        case .peerFull: (2, 0)
        case .refused(let refusal):
            (3 | UInt8(Refusal.Reason.allCases.firstIndex(of: refusal.reason) ?? 4) << 4, refusal.code)
        }
    }

    init?(_ aux: UInt8, _ code: Int32) {
        switch aux & 15 {
        case 0: self = .sent
        case 1: self = .full
        case 2: self = .peerFull
        case 3:
            let reasons = Refusal.Reason.allCases
            guard aux >> 4 < reasons.count else { return nil }
            self = .refused(Refusal(reasons[Int(aux >> 4)], code: code))
        default: return nil
        }
    }
}
