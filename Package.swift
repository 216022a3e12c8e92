// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The HTML report's parts.
let page = [
    "page.css", "body.html", "data.js", "elements.js", "layout.js", "picture.js", "graph.js", "details.js", "lists.js",
    "main.js",
]

// In the order of the data: from the kernel hook to the report.
let package = Package(
    name: "livedep",
    products: [
        .executable(name: "livedep", targets: ["livedep"]),
        .library(name: "LockGraph", targets: ["LockEvents", "LockGraph"]),
        .library(name: "TraceFiles", targets: ["CLockRecords", "LockEvents", "LockGraph", "TraceFiles"]),
        .library(name: "LockdepText", targets: ["LockdepText"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // The BPF side.
        .target(name: "CLockRecords", path: "bpf/records"),
        .executableTarget(name: "embed-probe", path: "bpf/embed", swiftSettings: settings),
        .plugin(name: "EmbedProbe", capability: .buildTool(), dependencies: ["embed-probe"], path: "bpf/plugin"),

        // The front-end: it knows no graph.
        .systemLibrary(
            name: "CLibBPF",
            pkgConfig: "libbpf",
            providers: [.apt(["libbpf-dev", "libelf-dev", "zlib1g-dev"])]
        ),
        .target(name: "CKernelProbe", dependencies: ["CLibBPF", "CLockRecords"]),
        .target(name: "LockEvents", dependencies: ["CLockRecords"], swiftSettings: settings),
        .target(
            name: "LockNaming",
            dependencies: [
                "LockEvents", "CKernelProbe", "CLockRecords",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "LiveTracing",
            dependencies: ["LockEvents", "LockNaming", "CKernelProbe", "CLockRecords"],
            swiftSettings: settings,
            plugins: ["EmbedProbe"]
        ),

        // The engine: it knows no Linux.
        .target(name: "LockGraph", dependencies: ["LockEvents"], swiftSettings: settings),

        // Files, other people's texts, reports.
        .target(name: "JSONLines", swiftSettings: settings),
        .systemLibrary(name: "CZlib"),
        .target(
            name: "TraceFiles",
            dependencies: ["LockEvents", "LockGraph", "JSONLines", "CZlib", "CLockRecords"],
            swiftSettings: settings
        ),
        .target(name: "LockdepText", dependencies: ["LockEvents", "LockGraph"], swiftSettings: settings),
        .target(
            name: "Reports",
            dependencies: ["LockEvents", "LockGraph", "TraceFiles", "JSONLines"],
            // Into the program itself, so that it stays one file.
            resources: page.map { .embedInCode("HTML/Page/\($0)") },
            swiftSettings: settings
        ),
        .systemLibrary(name: "CMalloc"),
        .executableTarget(
            name: "livedep",
            dependencies: [
                "LockEvents", "LockGraph", "LockNaming", "LiveTracing", "LockdepText", "TraceFiles", "Reports",
                "JSONLines", "CMalloc",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),

        // Of Benchmarks/, here because it sees what only targets of the package see: see scripts/bench.
        .target(
            name: "CBenchPrograms",
            path: "Benchmarks/Sources/CBenchPrograms",
            linkerSettings: [.linkedLibrary("bpf")]
        ),
        .executableTarget(
            name: "RingBenchmark",
            dependencies: ["LiveTracing", "LockNaming", "LockEvents", "LockGraph", "CBenchPrograms"],
            path: "Benchmarks/Sources/RingBenchmark",
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
            dependencies: ["LockEvents", "LockGraph", "TraceFiles", "CLockRecords", "GraphFixtures"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["Reports", "TraceFiles", "GraphFixtures"],
            swiftSettings: settings
        ),
        .testTarget(name: "livedepTests", dependencies: ["livedep"], swiftSettings: settings),
        .testTarget(
            name: "LockNamingTests",
            dependencies: ["LockNaming", "LockEvents", "CLibBPF"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LiveTracingTests",
            dependencies: ["LiveTracing", "LockNaming", "LockEvents", "CLockRecords"],
            swiftSettings: settings
        ),
        // Boots guests: see scripts/test.
        .testTarget(name: "GuestTests", swiftSettings: settings),
        .testTarget(
            name: "LockdepTextTests",
            dependencies: ["LockEvents", "LockGraph", "LockdepText"],
            exclude: ["Fixtures"],
            swiftSettings: settings
        ),
    ]
)
