// SPDX-License-Identifier: Apache-2.0

import LockEvents
import Testing

@testable import LockGraph

/// Builds an order from letters: `w`, `r`, `R` before a class name are the modes, as `"wA rB"` for "B taken for reading
/// with A held for writing".
struct Script {
    var order = DependencyOrder()
    private var classes: [Character: Int] = [:]

    subscript(name: Character) -> Int {
        mutating get {
            if let number = classes[name] { return number }
            let number = order.addClass()
            classes[name] = number
            return number
        }
    }

    mutating func insert(_ text: String, direct: Bool = true) -> DependencyOrder.Insertion {
        let words = text.split(separator: " ").map(Array.init)
        func mode(_ letter: Character) -> LockMode { letter == "w" ? .write : letter == "r" ? .read : .recursive }
        let (held, acquired) = (words[0], words[1])
        return order.insert(
            from: self[held[1]],
            to: self[acquired[1]],
            held: mode(held[0]),
            acquired: mode(acquired[0]),
            isDirect: direct
        )
    }
}

@Suite struct DependencyOrderTests {
    @Test func aKnownDependencyIsKnown() {
        var script = Script()
        #expect(script.insert("wA wB") == .added(0))
        #expect(script.insert("wA wB") == .known(0))
        #expect(script.insert("rA wB") == .added(1))
    }

    @Test func abBaClosesACycle() {
        var script = Script()
        #expect(script.insert("wA wB") == .added(0))
        #expect(script.insert("wB wA") == .closesCycle(1))
        #expect(script.order.shortestCycle(through: 1) == [1, 0])
        #expect(script.order.checkInvariants() == [])
    }

    @Test func plainReadersBlockEachOther() {
        var script = Script()
        #expect(script.insert("rA rB") == .added(0))
        #expect(script.insert("rB rA") == .closesCycle(1))
    }

    @Test func recursiveReadersDoNot() {
        var script = Script()
        #expect(script.insert("RA wB") == .added(0))
        #expect(script.insert("wB RA") == .added(1))
        #expect(script.insert("wB wA") == .closesCycle(2))
        #expect(!script.order.isOnCycle(1))
        #expect(script.order.shortestCycle(through: 1) == nil)
        #expect(script.order.checkInvariants() == [])
    }

    @Test(arguments: [
        ("wX RY, wY RZ, wZ RX", true), ("wX wY, RY RZ, wZ RX", true), ("wX wY, RY RZ, RZ wX", false),
        ("wX RY, RY RZ, wZ wX", false),
    ])
    func threeRecursiveReadersInAnyOrder(_ text: String, isCycle: Bool) {
        let steps = text.split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init)
        for permutation in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var script = Script()
            var closed = false
            for index in permutation {
                if case .closesCycle = script.insert(steps[index]) { closed = true }
            }
            #expect(closed == isCycle)
        }
    }

    @Test func aCycleThroughTwoDependenciesKeptAsideIsFound() {
        var script = Script()
        _ = script.insert("wA wB")
        _ = script.insert("wB wC")
        #expect(script.insert("wB wA") == .closesCycle(2))
        #expect(script.insert("wC wB") == .closesCycle(3))
        #expect(script.order.shortestStrongPath(from: script["C"], to: script["A"]) == [3, 2])
        _ = script.insert("wA wD")
        #expect(script.insert("wD wC") == .closesCycle(5))
        #expect(script.order.shortestCycle(through: 5) == [5, 3, 2, 4])
    }

    @Test func directDependenciesArePreferred() {
        var script = Script()
        _ = script.insert("wA wB")
        _ = script.insert("wB wC")
        _ = script.insert("wA wC", direct: false)
        let (a, c) = (script["A"], script["C"])
        #expect(script.order.shortestStrongPath(from: a, to: c) == [0, 1])
        #expect(script.insert("wA wC", direct: true) == .known(2))
        #expect(script.order.shortestStrongPath(from: a, to: c) == [2])
        #expect(script.order[2].isDirect)
        #expect(script.order.checkInvariants() == [])
    }

    @Test func aClassOnItselfIsLeftToTheCaller() {
        var script = Script()
        #expect(script.insert("wA wA") == .added(0))
        #expect(script.insert("wA wA") == .known(0))
        #expect(!script.order.reaches(from: script["A"], to: script["A"]))
        #expect(script.order.checkInvariants() == [])
    }

    @Test func aWayThatPassesAClassTwiceIsTheSmallerCycle() {
        var script = Script()
        #expect(script.insert("wC wD") == .added(0))
        #expect(script.insert("wD wC") == .closesCycle(1))
        #expect(script.insert("wA RC") == .added(2))
        #expect(script.insert("rC wB") == .added(3))
        #expect(script.insert("wB wA") == .closesCycle(4))
        #expect(script.order.shortestCycle(through: 4) == [0, 1])
    }

    @Test func componentsNameTheirClassesAndDependencies() {
        var script = Script()
        _ = script.insert("wA wB")
        _ = script.insert("wC wD")
        _ = script.insert("wD wC")
        _ = script.insert("wB wC")
        _ = script.insert("wB wA")
        let found = script.order.stronglyConnectedComponents()
        #expect(found.map(\.dependencies) == [[0, 4], [1, 2]])
        #expect(found.map(\.classes) == [[script["A"], script["B"]], [script["C"], script["D"]].sorted()])
    }

    @Test func unifyingTwoClassesFindsTheCyclesBetweenThem() {
        var script = Script()
        _ = script.insert("wA wB")
        _ = script.insert("wC wA")
        _ = script.insert("wB wD")
        _ = script.insert("wA wD", direct: false)
        let (c, d) = (script["C"], script["D"])
        let result = script.order.unify(d, into: c)
        #expect(result.cycles == [[1, 3], [2, 1, 0]] || result.cycles == [[2, 1, 0], [3, 1]])
        #expect(script.order.representative(of: d) == c)
        #expect(script.order.find(from: script["B"], to: d, held: .write, acquired: .write) == 2)
        #expect(script.order.checkInvariants() == [])
    }

    @Test func unifyingFoldsEqualDependencies() {
        var script = Script()
        _ = script.insert("wA wB", direct: false)
        _ = script.insert("wA wC")
        _ = script.insert("wB wC")
        let (b, c) = (script["B"], script["C"])
        let result = script.order.unify(c, into: b)
        #expect(result.folded == [.init(gone: 1, into: 0)])
        #expect(result.reflexive == [2])
        #expect(result.cycles == [])
        #expect(script.order[1] == script.order[0])
        #expect(script.order[0].isDirect)
        #expect(script.insert("wA wC") == .known(0))
        #expect(script.insert("wB wA") == .closesCycle(3))
        #expect(script.order.checkInvariants() == [])
    }
}
