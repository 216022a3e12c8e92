// SPDX-License-Identifier: Apache-2.0

import Foundation
import LockEvents
import LockGraph
import Testing
import TraceFiles

@Suite("Files of annotations")
struct AnnotationFileTests {
    private func file(_ text: String, _ name: String = "annotations") throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("annotations-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent(name).path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
    }

    @Test("what was written is read", arguments: ["annotations", "annotations.gz"])
    func roundTrip(name: String) throws {
        let written = LearnedAnnotations(
            kernel: "6.12.0",
            entries: [
                .init(
                    function: "f",
                    lockClass: LockClass(name: "&a->b", type: .rwsem, origin: "ext4"),
                    under: [0, 1],
                    subclass: 2
                ): 3,
                .init(function: "g", lockClass: LockClass(name: "<c>\"", type: .mutex, isValidated: false), nest: "n"):
                    1,
            ]
        )
        let path = try file("", name)
        defer { remove(path) }
        try written.write(to: path)
        let read = try LearnedAnnotations(reading: path)
        #expect(read.kernel == "6.12.0")
        #expect(read.entries == written.entries)
        #expect(Set(read.entries.keys.map(\.lockClass.isValidated)) == [true, false])
    }

    @Test(
        "what is no file of annotations is one line that says where and what",
        arguments: [
            ("", "is empty"), ("hello\n", ":1: "), ("{\"record\":\"run\"}\n", ":1: no annotations"),
            ("{\"record\":\"annotations\",\"version\":99}\n", "newer"),
            (
                "{\"record\":\"annotations\"}\n{\"record\":\"annotation\",\"function\":\"f\"}\n",
                ":2: an annotation without"
            ),
            (
                "{\"record\":\"annotations\"}\n{\"record\":\"annotation\",\"function\":\"f\",\"class\":\"c\",\"subclass\":9}\n",
                ":2: a subclass"
            ),
            ("{\"record\":\"annotations\"}\n{\"record\":\"annotation\",\"function\":\"f\",\"cla", ":2: "),
        ]
    )
    func refused(text: String, reason: String) throws {
        let path = try file(text)
        defer { remove(path) }
        let error = #expect(throws: FileError.self) { try LearnedAnnotations(reading: path) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("learn") == true)
    }

    @Test("records and members of later versions are passed over")
    func later() throws {
        let path = try file(
            """
            {"record":"annotations","version":1,"more":[1]}
            {"record":"note","text":"x"}
            {"record":"annotation","function":"f","class":"c","type":"mutex","later":{"a":1}}

            """
        )
        defer { remove(path) }
        #expect(try LearnedAnnotations(reading: path).entries.count == 1)
    }
}
