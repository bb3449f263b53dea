import Doing
import Memoing
import Wiring

/// Red and blu, 25 ms apart, and a way between them that loses what it is told to.
struct SurePair {
    var red: Memoer
    var blu: Memoer
    /// Whether a datagram is lost: by how many left before it, both ways together, and as a line.
    var loses: (Int, String) -> Bool = { _, _ in false }
    /// What left, and what became of it.
    private(set) var log: [String] = []
    private(set) var tyme: Tyme = 0
    private var flights: [(at: Tyme, to: Address, gram: [UInt8])] = []
    private var count = 0

    init(red: Memoer, blu: Memoer) {
        self.red = red
        self.blu = blu
    }

    /// Goes on until nothing is under way or due, or until `limit`.
    mutating func run(limit: Tyme) {
        while tyme <= limit {
            let due = flights.filter { $0.at <= tyme }
            flights.removeAll { $0.at <= tyme }
            for flight in due {
                if flight.to == .red {
                    red.feed(flight.gram, from: .blu, at: tyme)
                } else {
                    blu.feed(flight.gram, from: .red, at: tyme)
                }
            }
            for gram in red.out(at: tyme) { launch(gram, to: .blu) }
            for gram in blu.out(at: tyme) { launch(gram, to: .red) }
            let next = (flights.map(\.at) + [red.wakeTyme, blu.wakeTyme].compactMap(\.self)).min()
            guard let next else { return }
            tyme = max(next, tyme.nextUp)
        }
    }

    private mutating func launch(_ gram: [UInt8], to: Address) {
        let isLost = loses(count, line(gram))
        count += 1
        log.append((to == .blu ? "red " : "blu ") + line(gram) + (isLost ? " lost" : ""))
        if !isLost { flights.append((tyme + 0.025, to, gram)) }
    }
}
