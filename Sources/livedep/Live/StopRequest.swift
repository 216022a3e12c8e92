// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Whether somebody asked the run to end: Ctrl-C, SIGTERM or SIGHUP, or the program itself.
enum StopRequest {
    private static let requested = Atomic<Bool>(false)

    /// Whether the run is to end.
    static var isMade: Bool { requested.load(ordering: .acquiring) }

    /// Asks the run to end.
    static func make() { requested.store(true, ordering: .releasing) }

    /// Turns the signals into a request. A second one kills the process as usual: detaching is then the kernel's work.
    static func catchSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                StopRequest.make()
                signal(number, SIG_DFL)
            }
        }
    }
}
