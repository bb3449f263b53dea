/// Why a flow is over, or never came to be. Both ends have one each.
public enum FlowEnd: Error, Hashable, Sendable {
    /// Deallocated here.
    case closed
    /// Deallocated by the peer. Ouroboros' UDP layer never tells this; our own layers do.
    case peerClosed
    /// Nothing was heard from the peer for the flow's timeout.
    case peerLost
    /// The peer did not acknowledge what was sent for so long that it was given up: 120 s.
    case notAcknowledged
    /// No answer came to the request in time.
    case noAnswer
    /// The request was refused.
    case refused(FlowRefusal)
    /// The layer was closed, or is gone.
    case layerClosed
}

/// Why a request for a flow was refused.
public enum FlowRefusal: Error, Hashable, Sendable {
    /// Nobody knows the name: neither our directory, nor the peer that it leads to.
    case unknownName
    /// The peer has no room for another flow, or nobody there takes one in time.
    case busy
    /// The peer answered no, with this number of its own.
    case denied(Int32)
    /// A key was asked for (`cypher_s`), and the layer was given no cipher, or the peer has none.
    case noCipher
    /// The way to the peer carries no such datagrams.
    case unreachable
    /// The data that go with a request are longer than this many bytes.
    case dataTooLong(limit: Int)
    /// The flow is in use already.
    case inUse

    /// The number in an answer on our own layers.
    var response: Int32 {
        switch self {
        case .unknownName: -1
        case .busy: -2
        case .noCipher: -3
        case .denied(let number): number
        case .unreachable, .dataTooLong, .inUse: -4
        }
    }

    init(response: Int32) {
        switch response {
        case -1: self = .unknownName
        case -2: self = .busy
        case -3: self = .noCipher
        default: self = .denied(response)
        }
    }
}

extension FlowEnd: CustomStringConvertible {
    /// A few words, as a demo prints them.
    public var description: String {
        switch self {
        case .closed: "closed here"
        case .peerClosed: "closed by the peer"
        case .peerLost: "the peer is lost: nothing heard for the timeout of the flow"
        case .notAcknowledged: "the peer does not acknowledge"
        case .noAnswer: "no answer in time"
        case .refused(let refusal): "refused: \(refusal)"
        case .layerClosed: "the layer is closed"
        }
    }
}

extension FlowRefusal: CustomStringConvertible {
    /// A few words.
    public var description: String {
        switch self {
        case .unknownName: "unknown name"
        case .busy: "the peer is busy"
        case .denied(let number): "denied (\(number))"
        case .noCipher: "cypher_s asks for a key, and no cipher was injected into the layer, or the peer has none"
        case .unreachable: "no way to the peer"
        case .dataTooLong(let limit): "the data with the request are longer than \(limit) bytes"
        case .inUse: "the flow is in use"
        }
    }
}
