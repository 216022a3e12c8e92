// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "livedep",
    products: [
        .executable(name: "livedep", targets: ["livedep"]),
        .library(name: "LockGraph", targets: ["LockEvents", "LockGraph"]),
        .library(name: "LockdepText", targets: ["LockdepText"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .target(name: "LockEvents", swiftSettings: settings),
        .target(name: "LockGraph", dependencies: ["LockEvents"], swiftSettings: settings),
        .target(name: "JSONLines", swiftSettings: settings),
        .systemLibrary(name: "CZlib"),
        .target(
            name: "TraceFiles",
            dependencies: ["LockEvents", "LockGraph", "JSONLines", "CZlib"],
            swiftSettings: settings
        ),
        .target(
            name: "Reports",
            dependencies: ["LockEvents", "LockGraph", "TraceFiles", "JSONLines"],
            swiftSettings: settings
        ),
        .target(name: "LockdepText", dependencies: ["LockEvents", "LockGraph"], swiftSettings: settings),
        .executableTarget(
            name: "livedep",
            dependencies: [
                "LockEvents", "LockGraph", "LockdepText", "TraceFiles", "Reports", "JSONLines",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "LockEventsTests", dependencies: ["LockEvents"], swiftSettings: settings),
        .testTarget(name: "LockGraphTests", dependencies: ["LockEvents", "LockGraph"], swiftSettings: settings),
        .testTarget(name: "JSONLinesTests", dependencies: ["JSONLines"], swiftSettings: settings),
        .target(
            name: "GraphFixtures",
            dependencies: ["LockEvents", "LockGraph"],
            path: "Tests/GraphFixtures",
            swiftSettings: settings
        ),
        .testTarget(
            name: "TraceFilesTests",
            dependencies: ["TraceFiles", "GraphFixtures"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["Reports", "TraceFiles", "GraphFixtures"],
            swiftSettings: settings
        ),
        .testTarget(name: "livedepTests", dependencies: ["livedep"], swiftSettings: settings),
        .testTarget(
            name: "LockdepTextTests",
            dependencies: ["LockEvents", "LockGraph", "LockdepText"],
            swiftSettings: settings
        ),
    ]
)
