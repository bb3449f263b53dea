import Doing

/// A retry tymer as a doer: asks again after a second, then after two more, until the answer comes; five times at most.
func retry() throws {
    print("0.0: asked")
    let asking = TymerDoer(try RetryTymer(patience: 1, tries: 5)) { number, tyme in
        print("\(tyme): asked again, time \(number)")
    }
    let answering = doify { tyme in
        guard tyme >= 3.5 else { return .park(until: 3.5) }
        print("\(tyme): answered")
        asking.answer()
        return .done
    }
    try Doist([asking, answering]).run()
    print(asking.isOver ? "given up" : "done")
}
