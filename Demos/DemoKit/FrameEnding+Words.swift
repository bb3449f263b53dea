import Framing

extension FrameEnding {
    /// Why it ended, for programs.
    var code: String {
        if isClean { return "closed" }
        if let error { return "\(error)" }
        return stream == .cut ? "ended here" : words
    }

    /// Why it ended, for people.
    var words: String {
        if isClean { return "closed" }
        if let error { return error.words }
        switch stream {
        case .failed(let error): return "\(error)"
        case .lost(let loss): return "\(loss)"
        case .closed: return wasUp ? "\(unsent) bytes not sent" : "closed before it was up"
        case .reset: return "reset"
        case .cut:
            return wasUp ? "ended here" : "ended here before the other end had said hello: does it speak this protocol?"
        }
    }
}

extension FrameError {
    /// What is wrong, for people.
    var words: String {
        switch self {
        case .badLength(let length, let head): "a frame says a length of \(length), with a head of \(head) bytes"
        case .tooLarge(let size, let limit): "a message of \(size) bytes is beyond the limit of \(limit)"
        case .badBody(let type, let error): "the body of a message of type \(type) is none: \(error)"
        case .truncated(let have, let need): "the other end went amid a message: \(have) of \(need) bytes had come"
        case .timeout(.hello): "the other end did not say hello in time: does it speak this protocol?"
        case .timeout(.take): "the other end did not read for too long"
        case .unknownFormat(let letter): "\"\(letter)\" is no format of a field"
        case .timeout(let phase): "the other end was silent for too long: waited for \(phase.words)"
        case .hello(let byte): "the other end began with \(byte) and not with a hello: it speaks another protocol"
        case .connectionLimit: "the server has as many connections as it takes"
        case .refused(let status): "the other end refused a message: its status is \(status)"
        case .transform(let place): "transform \(place) could not undo what came"
        case .memoryFull(let limit): "all connections together hold the \(limit) bytes that they may"
        case .typeOutOfRange(let type, let format): "type \(type) does not fit into format \(format.rawValue)"
        case .typeTaken(let type): "two messages have type \(type)"
        case .unknownMessage(let type): "messages of type \(type) are not in the protocol"
        case .outputFull(let waiting, let limit): "\(waiting) bytes wait already, at most \(limit) may"
        case .closed: "the connection is over"
        }
    }
}

extension FramePhase {
    /// For what it waited, for people.
    fileprivate var words: String {
        switch self {
        case .hello: "its hello"
        case .head: "the rest of a size"
        case .body: "the rest of a message"
        case .take: "it to read"
        case .answer: "its answer to the size of a message"
        case .idle: "anything at all"
        }
    }
}
