// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How far long work has come, on one line of a terminal that is written over; nothing where standard error is none.
struct Progress {
    private let what: String
    private let isVisible = isatty(STDERR_FILENO) != 0
    private var last = ContinuousClock.now
    private var isShown = false

    init(_ what: String) { self.what = what }

    /// Shows a state, at most twice a second and not in the first half second.
    mutating func show(_ state: @autoclosure () -> String) {
        guard isVisible, .now - last > .milliseconds(500) else { return }
        last = .now
        isShown = true
        write("\r\u{1B}[K\(what): \(state())")
    }

    /// Clears the line.
    mutating func end() {
        if isShown { write("\r\u{1B}[K") }
        isShown = false
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
