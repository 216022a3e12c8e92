// SPDX-License-Identifier: Apache-2.0

/// As what locks were initialised: a few hundred calls make all of them, so that a lock's memory need only keep a number.
struct Initialisations {
    private struct Call: Hashable {
        var name: String
        var site: UInt64
    }

    private var calls: [Call: UInt32] = [:]
    private var list: [(name: String, function: String)] = []

    /// The number of a call of an initialiser.
    ///
    /// - Parameters:
    ///   - name: what it calls the lock.
    ///   - site: where it returns to.
    ///   - symbols: tell the function that is in, of a call that was not met before.
    mutating func number(of name: String, at site: UInt64, in symbols: borrowing SymbolTable) -> UInt32 {
        let call = Call(name: name, site: site)
        if let known = calls[call] { return known }
        let number = UInt32(list.count)
        list.append((name, symbols.caller(returningTo: site)))
        calls[call] = number
        return number
    }

    /// What a call gave its locks: their name, and the function it was made in.
    subscript(number: UInt32) -> (name: String, function: String) { list[Int(number)] }

    /// Another module may be where one was. What numbers stand for stays.
    mutating func forgetSites() { calls.removeAll() }
}
