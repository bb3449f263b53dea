import Testing

@testable import Sockets

@Suite("which waits begin with looking", .timeLimit(.minutes(5))) struct VigilTests {
    private let short: Int64 = 50_000

    private func vigil(afterShortWaits count: Int) -> Vigil {
        var vigil = Vigil(limit: 100_000)
        for _ in 0..<count { vigil.slept(short) }
        return vigil
    }

    @Test("the first look comes after four short waits in a row, and a long one starts the count anew")
    func begins() {
        #expect(!vigil(afterShortWaits: 3).isDue)
        #expect(vigil(afterShortWaits: 4).isDue)
        var broken = vigil(afterShortWaits: 3)
        broken.slept(200_000)
        for _ in 0..<3 { broken.slept(199_999) }
        #expect(!broken.isDue)
        broken.slept(199_999)
        #expect(broken.isDue)
    }

    @Test("looks that find go on, one after the other")
    func goesOn() {
        var vigil = vigil(afterShortWaits: 4)
        for _ in 0..<100 {
            #expect(vigil.isDue)
            vigil.looked(isFound: true)
        }
    }

    @Test("every look in vain doubles how many short waits the next one needs, up to 1024; finding halves it again")
    func backsOff() {
        var vigil = vigil(afterShortWaits: 4)
        var needed = 4
        for _ in 0..<12 {
            vigil.looked(isFound: false)
            needed = min(2 * needed, 1024)
            for _ in 1..<needed { vigil.slept(short) }
            #expect(!vigil.isDue)
            vigil.slept(short)
            #expect(vigil.isDue)
        }
        vigil.looked(isFound: true)
        vigil.looked(isFound: true)
        vigil.looked(isFound: false)
        for _ in 1..<512 { vigil.slept(short) }
        #expect(!vigil.isDue)
        vigil.slept(short)
        #expect(vigil.isDue)
    }

    @Test("waits that never come to anything short cost nothing: a look in vain at most for every thousand waits")
    func costsNothing() {
        var vigil = Vigil(limit: 100_000)
        var looks = 0
        for _ in 0..<100_000 {
            if vigil.isDue {
                looks += 1
                vigil.looked(isFound: false)
            }
            vigil.slept(150_000)
        }
        // 4 + 8 + ... + 512 waits for the first eight, and then one for each 1024.
        #expect(looks == 8 + (100_000 - 1020) / 1024)
    }

    @Test("without a limit it never looks")
    func never() {
        let vigil = Vigil(limit: 0)
        #expect(!vigil.isWanted && !vigil.isDue)
    }
}
