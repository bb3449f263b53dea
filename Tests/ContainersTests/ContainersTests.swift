import Doing
import Testing

@testable import Containers

/// Each container beside the plainest thing that does the same.
@Suite("Containers")
struct ContainersTests {
    @Test("random steps of a queue do what an array does, and what was taken out is let go of", arguments: 0..<20)
    func fifo(seed: UInt64) {
        final class Thing {}
        var random = SplitMix64(seed: seed)
        var queue = Fifo<(Int, Thing)>()
        var model: [Int] = []
        weak var last: Thing?
        for step in 0..<3000 {
            switch random.next() % 16 {
            case 0..<8:
                queue.append((step, Thing()))
                model.append(step)
            case 8..<13:
                let popped = queue.popFirst()
                #expect(popped?.0 == (model.isEmpty ? nil : model.removeFirst()))
                last = popped?.1
            case 13:
                let count = Int(random.next() % UInt64(model.count + 1))
                queue.removeFirst(count)
                model.removeFirst(count)
            case 14 where step % 5 == 0:
                queue.keep { $0.0 % 3 != 0 }
                model.removeAll { $0 % 3 == 0 }
            case 15 where step % 40 == 0:
                queue.removeAll()
                model = []
            default:
                if !model.isEmpty {
                    let place = Int(random.next() % UInt64(model.count))
                    queue[place].0 &+= 7
                    model[place] &+= 7
                }
            }
            #expect(last == nil)
            #expect(queue.count == model.count && queue.isEmpty == model.isEmpty)
            #expect(queue.first?.0 == model.first && queue.last?.0 == model.last)
            if step % 50 == 0 { #expect((0..<queue.count).map { queue[$0].0 } == model) }
        }
        queue.last = (-1, Thing())
        queue.forEach { $0.0 -= 1 }
        if !model.isEmpty { #expect(queue.last?.0 == -2) }
    }

    @Test("random ranks come out of a heap as out of a sorted list, ties by row", arguments: 0..<20)
    func heap(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var heap = RowHeap<Int>()
        var model: [Int32: Int] = [:]
        for _ in 0..<3000 {
            let row = Int32(random.next() % 60)
            if random.next() % 3 == 0 {
                #expect(heap.remove(row) == (model.removeValue(forKey: row) != nil))
            } else {
                let rank = Int(random.next() % 30)
                heap.set(row, to: rank)
                model[row] = rank
            }
            let least = model.min { ($0.value, $0.key) < ($1.value, $1.key) }
            #expect(heap.first?.row == least?.key && heap.first?.rank == least?.value)
            #expect(heap.count == model.count && heap.rank(of: row) == model[row])
            #expect(heap.invariantViolation == nil)
        }
    }

    @Test("rows move between the lists of a roster as between arrays", arguments: 0..<20)
    func roster(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var roster = Roster(lists: 3)
        var model: [[Int32]] = [[], [], []]
        for _ in 0..<3000 {
            let row = Int32(random.next() % 40)
            let list = Int(random.next() % 3)
            let isLast = model[list].last == row
            for index in model.indices where !isLast { model[index].removeAll { $0 == row } }
            if random.next() % 4 == 0 {
                roster.remove(row)
                for index in model.indices { model[index].removeAll { $0 == row } }
            } else {
                roster.move(row, to: list)
                if !isLast { model[list].append(row) }
            }
            #expect(roster.list(of: row) == model.firstIndex { $0.contains(row) })
            for index in model.indices {
                var rows: [Int32] = []
                var at = roster.first(of: index)
                while at >= 0, rows.count < 41 {
                    rows.append(at)
                    at = roster.after(at)
                }
                #expect(rows == model[index])
                if let first = model[index].first {
                    #expect(roster.isAlone(first, in: index) == (model[index].count == 1))
                }
            }
        }
    }

    @Test("chains find the rows of a hash, newest first, and no other", arguments: 0..<20)
    func chains(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var chains = Chains()
        var model: [(row: Int32, hash: UInt64)] = []
        for _ in 0..<2000 {
            let row = Int32(random.next() % 80)
            if let place = model.firstIndex(where: { $0.row == row }) {
                model.remove(at: place)
                chains.remove(row)
            } else {
                // Few hashes, and some that share a bucket.
                let hash = random.next() % 8 &* 0x1_0000_0001
                chains.insert(row, hash)
                model.insert((row, hash), at: 0)
            }
            #expect(chains.count == model.count)
            let hash = random.next() % 8 &* 0x1_0000_0001
            var found: [Int32] = []
            var at = chains.first(hash)
            while at >= 0, found.count < 81 {
                found.append(at)
                at = chains.next(at)
            }
            // A growth may turn a chain round; what is in it stays.
            #expect(Set(found) == Set(model.filter { $0.hash == hash }.map(\.row)) && found.count == Set(found).count)
        }
    }

    @Test("prints are what a dictionary is, print 0 too", arguments: 0..<20)
    func prints(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var prints = Prints(nothing: -1)
        var model: [UInt64: Int] = [:]
        for step in 0..<2000 {
            let print = random.next() % 700
            // 0 and 1 share a place by design: only one of them is used here.
            guard print != 1 else { continue }
            if random.next() % 2 == 0 {
                prints.insert(print, step)
                model[print] = step
            }
            #expect(prints.find(print) == model[print] && prints.count == model.count)
            if step == 1500 {
                prints.removeAll()
                model = [:]
            }
        }
    }
}
