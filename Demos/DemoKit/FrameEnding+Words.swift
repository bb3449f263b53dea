import Framing

extension FrameEnding {
    /// Why it ended, for people.
    var words: String {
        if isClean { return "closed" }
        if let error { return "\(error)" }
        switch stream {
        case .failed(let error): return "\(error)"
        case .lost(let loss): return "\(loss)"
        case .closed: return wasUp ? "\(unsent) bytes not sent" : "closed before it was up"
        case .reset: return "reset"
        case .cut: return "ended here"
        }
    }
}
