// swift-tools-version: 6.2

import PackageDescription

// A package of its own: everything in it, and what it tests, is built with the fuzzer's instrumentation, which
// scripts/fuzz asks for. `swift build` of the project itself knows nothing of it.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .unsafeFlags(["-parse-as-library"]),
]

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "livedep", path: "../..")],
    targets: [
        .target(name: "CLibFuzzer"),
        .executableTarget(
            name: "FuzzSplat",
            dependencies: ["CLibFuzzer", .product(name: "LockdepText", package: "livedep")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "FuzzNDJSON",
            dependencies: ["CLibFuzzer", .product(name: "LockGraph", package: "livedep")],
            swiftSettings: settings
        ),
    ]
)
