// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "livedep-benchmarks",
    dependencies: [.package(name: "livedep", path: "..")],
    targets: [
        .executableTarget(
            name: "GraphBenchmark",
            dependencies: [.product(name: "LockGraph", package: "livedep")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ReplayBenchmark",
            dependencies: [
                .product(name: "LockGraph", package: "livedep"),
                .product(name: "TraceFiles", package: "livedep"),
            ],
            swiftSettings: settings
        ),
        .target(name: "CBenchPrograms", linkerSettings: [.linkedLibrary("bpf")]),
        .executableTarget(name: "HotPathBenchmark", dependencies: ["CBenchPrograms"]),
    ]
)
