// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LiveTracing

/// Lines of the kernel's log in, the running test out; a line that says nothing leaves it as it is.
@Suite struct TestAnnouncementsTests {
    private static func tests(_ log: String) -> [String] {
        var announcements = TestAnnouncements()
        return log.split(separator: "\n").compactMap { announcements.read(String($0)) }
    }

    private static func mayAnnounce(_ line: String) -> Bool {
        let bytes = Array(line.utf8)
        return TestAnnouncements.mayAnnounce(bytes.span)
    }

    @Test func igtTellsProgramsSubtestsAndDynamicOnes() {
        let log = """
            [IGT] kms_lease: executing
            [drm:intel_power_well_enable [i915]] enabling always-on
            [IGT] kms_lease: starting subtest page-flip-implicit-plane
            [IGT] kms_lease: starting dynamic subtest pipe-A-eDP-1
            [IGT] kms_lease: finished subtest pipe-A-eDP-1, SUCCESS
            [IGT] kms_lease: starting dynamic subtest pipe-B-eDP-1
            [IGT] kms_lease: finished subtest pipe-B-eDP-1, FAIL
            [IGT] kms_lease: finished subtest page-flip-implicit-plane, FAIL
            [IGT] kms_lease: exiting, ret=98
            [IGT] core_auth: executing
            """
        #expect(
            Self.tests(log) == [
                "igt@kms_lease", "igt@kms_lease@page-flip-implicit-plane",
                "igt@kms_lease@page-flip-implicit-plane@pipe-A-eDP-1", "igt@kms_lease@page-flip-implicit-plane",
                "igt@kms_lease@page-flip-implicit-plane@pipe-B-eDP-1", "igt@kms_lease@page-flip-implicit-plane",
                "igt@kms_lease", "", "igt@core_auth",
            ]
        )
    }

    @Test func igtProgramThatWasSeenHalfwayIsKnownByItsSubtest() {
        #expect(Self.tests("[IGT] gem_exec: starting subtest basic") == ["igt@gem_exec@basic"])
        #expect(Self.tests("[IGT] gem_exec: finished subtest basic, SKIP") == ["igt@gem_exec"])
    }

    @Test(arguments: [
        ("run fstests generic/001 at 2024-11-05 09:26:00", "generic/001"),
        ("run blktests nvme/004 at 2024-11-05 09:26:00\n", "nvme/004"), ("LTP: starting fork01", "fork01"),
        ("LTP: starting mmap10_1 (mmap10 -a)", "mmap10_1"),
        ("kselftest: Running tests in membarrier", "kselftest/membarrier"),
        ("livedep-test: my suite / case 3 ", "my suite / case 3"), ("livedep-test:", ""), ("livedep-test: ", ""),
    ])
    func otherRunnersTellNames(line: String, test: String) { #expect(Self.tests(line) == [test]) }

    @Test(arguments: [
        "", "[IGT]", "[IGT] ", "[IGT] nothing", "[IGT] x: added debugfs", "run fstests ", "a run fstests generic/1",
        "LTP: starting ", "usb 1-1: new device", "kselftest: ",
    ])
    func otherLinesSayNothing(line: String) { #expect(Self.tests(line) == []) }

    @Test func onlyLinesThatMayMeanSomethingAreLookedAt() {
        let lines = [
            "[IGT] a: executing", "run fstests g/1 at", "run blktests b/1 at", "LTP: starting x",
            "kselftest: Running tests in mm", "livedep-test: x",
        ]
        for line in lines { #expect(Self.mayAnnounce(line), "\(line)") }
        for line in ["", "[I", "usb 1-1: run fstests ", "LTP"] {
            #expect(!Self.mayAnnounce(line), "\(line)")
        }
    }
}

/// Records of `/dev/kmsg` in, time and text out.
@Suite struct KernelLogTests {
    private static func line(_ record: String) -> String? {
        let bytes = Array(record.utf8)
        return KernelLog.line(bytes.span).map { "\($0.time) \(String(decoding: bytes[$0.text], as: UTF8.self))" }
    }

    @Test func aRecordHasATimeAndAText() {
        #expect(Self.line("6,339,5140900,-;NET: family 10\n SUBSYSTEM=net\n") == "5140900000 NET: family 10")
        #expect(Self.line("12,340,7,c,caller=T1;a;b\n") == "7000 a;b")
        #expect(Self.line("12,341,0,-;") == "0 ")
    }

    @Test(arguments: ["", "6,1", "6,1,x,-;text", "6,1,99999999999999999999999,-;text", "no record", ";text"])
    func otherBytesAreNone(record: String) { #expect(Self.line(record) == nil) }
}
