// swift-tools-version: 6.2
import PackageDescription

/// One list for every Swift target: language mode 6 comes with the tools version, and a warning is an error.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
/// The same where every use of raw memory is marked: the libraries but Wiring and Flowing, whose fields without a check
/// of exclusive access count as such.
let safe: [SwiftSetting] = strict + [.strictMemorySafety()]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "tymist",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .library(name: "Peering", targets: ["Peering"]),
        .library(name: "Doing", targets: ["Doing"]),
        .library(name: "Wiring", targets: ["Wiring"]),
        .library(name: "Memoing", targets: ["Memoing"]),
        .library(name: "Signing", targets: ["Signing"]),
        .library(name: "Sockets", targets: ["Sockets"]),
        .library(name: "Charting", targets: ["Charting"]),
        .library(name: "Taping", targets: ["Taping"]),
        .library(name: "Simming", targets: ["Simming"]),
        .library(name: "Rehearsing", targets: ["Rehearsing"]),
        .library(name: "Commanding", targets: ["Commanding"]),
        .library(name: "SeedTesting", targets: ["SeedTesting"]),
        .library(name: "Hosting", targets: ["Hosting"]),
        .library(name: "CoDoing", targets: ["CoDoing"]),
        .library(name: "Framing", targets: ["Framing"]),
        .library(name: "LTP", targets: ["LTP"]),
        .library(name: "Flowing", targets: ["Flowing"]),
    ],
    targets: [
        // Queues, heaps and tables that several targets use. No product: what is public in it is so that the compiler
        // makes it over for each use, which it does not do for what is said to be the package's.
        .target(name: "Containers", swiftSettings: safe),
        .target(name: "Doing", dependencies: ["Containers"], swiftSettings: safe),
        .target(name: "Wiring", dependencies: ["Containers", "Doing"], swiftSettings: strict),
        .target(name: "Memoing", dependencies: ["Containers", "Doing", "Wiring"], swiftSettings: safe),
        .target(name: "Signing", dependencies: ["Doing", "Memoing", "Flowing"], swiftSettings: safe),
        .target(
            name: "Peering", dependencies: ["Doing", "Wiring", "Memoing", "Signing", "Sockets"], swiftSettings: safe),
        .target(name: "CSockets", cSettings: strictC),
        .target(name: "Sockets", dependencies: ["Doing", "Wiring", "CSockets"], swiftSettings: safe),
        .target(name: "Charting", dependencies: ["Doing", "Wiring"], swiftSettings: safe),
        .target(name: "CTaping", cSettings: strictC),
        .target(name: "Taping", dependencies: ["Doing", "Wiring", "CTaping"], swiftSettings: safe),
        .target(
            name: "Simming", dependencies: ["Containers", "Doing", "Wiring", "Charting"], swiftSettings: safe),
        .target(
            name: "Rehearsing", dependencies: ["Doing", "Wiring", "Charting", "Simming"], swiftSettings: safe),
        .target(
            name: "Commanding", dependencies: ["Charting", "Simming", "Rehearsing", "Sockets"], swiftSettings: safe),
        .target(
            name: "SeedTesting", dependencies: ["Doing", "Simming", "Rehearsing"], swiftSettings: safe),
        .target(name: "Hosting", dependencies: ["Doing"], swiftSettings: safe),
        .target(name: "CoDoing", dependencies: ["Containers", "Doing"], swiftSettings: safe),
        .target(name: "Framing", dependencies: ["Containers", "Doing", "Wiring"], swiftSettings: safe),
        .target(name: "LTP", dependencies: ["Containers", "Doing", "Wiring"], swiftSettings: safe),
        .target(
            name: "Flowing", dependencies: ["Containers", "Doing", "CoDoing", "Wiring"], swiftSettings: strict),

        .target(
            name: "DemoKit",
            dependencies: [
                "Doing", "Wiring", "Memoing", "Signing", "Framing", "LTP", "Flowing", "Sockets", "Charting", "Taping",
                "Simming", "Rehearsing", "Commanding",
            ],
            path: "Demos/DemoKit", swiftSettings: strict),
        .target(name: "Scenarios", dependencies: ["DemoKit"], path: "Demos/Scenarios", swiftSettings: strict),
        .executableTarget(name: "demo", dependencies: ["DemoKit"], path: "Demos/demo", swiftSettings: strict),
        .executableTarget(
            name: "hello", dependencies: ["Peering", "DemoKit"], path: "Demos/hello",
            swiftSettings: strict),
        .executableTarget(name: "memo-peer", dependencies: ["DemoKit"], path: "Demos/memo-peer", swiftSettings: strict),
        .executableTarget(name: "lossy", dependencies: ["DemoKit"], path: "Demos/lossy", swiftSettings: strict),
        .executableTarget(
            name: "frame-peer", dependencies: ["DemoKit"], path: "Demos/frame-peer", swiftSettings: strict),
        .executableTarget(name: "flow-peer", dependencies: ["DemoKit"], path: "Demos/flow-peer", swiftSettings: strict),
        .executableTarget(
            name: "oecho", dependencies: ["Doing", "CoDoing", "Wiring", "Flowing", "Sockets"], path: "Demos/oecho",
            swiftSettings: strict),
        .executableTarget(
            name: "three-flows", dependencies: ["Doing", "Flowing"], path: "Demos/three-flows", swiftSettings: strict),
        .executableTarget(name: "ltp-peer", dependencies: ["DemoKit"], path: "Demos/ltp-peer", swiftSettings: strict),
        .executableTarget(
            name: "ltp-hello", dependencies: ["Doing", "CoDoing", "Wiring", "LTP", "Memoing", "Sockets"],
            path: "Demos/ltp-hello", swiftSettings: strict),
        .executableTarget(
            name: "light-minutes", dependencies: ["DemoKit"], path: "Demos/light-minutes", swiftSettings: strict),
        .executableTarget(
            name: "embed", dependencies: ["DemoKit", "Hosting"], path: "Demos/embed", swiftSettings: strict),
        .executableTarget(
            name: "rehearse", dependencies: ["Commanding", "DemoKit", "Scenarios"], path: "Demos/rehearse",
            swiftSettings: strict),
        .executableTarget(
            name: "examples",
            dependencies: [
                "Peering", "CoDoing", "Framing", "LTP", "Flowing", "Taping", "Simming", "Rehearsing", "Hosting",
            ],
            path: "Demos/Examples", swiftSettings: strict),
        .target(name: "CBench", path: "Demos/bench/CBench", cSettings: strictC),
        .executableTarget(
            name: "bench", dependencies: ["DemoKit", "CoDoing", "Flowing", "LTP", "CBench"], path: "Demos/bench/Bench",
            swiftSettings: strict),

        .testTarget(name: "ContainersTests", dependencies: ["Containers", "Doing"], swiftSettings: strict),
        .testTarget(name: "DoingTests", dependencies: ["Doing"], swiftSettings: strict),
        .testTarget(name: "WiringTests", dependencies: ["Doing", "Wiring"], swiftSettings: strict),
        .target(name: "CMallocCount", path: "Tests/CMallocCount", cSettings: strictC),
        .testTarget(
            name: "MemoingTests", dependencies: ["Doing", "Wiring", "Memoing", "Signing", "CMallocCount"],
            swiftSettings: strict),
        .testTarget(
            name: "SocketsTests", dependencies: ["Doing", "Wiring", "Memoing", "Sockets", "CSockets", "Simming"],
            swiftSettings: strict),
        .testTarget(
            name: "ChartingTests", dependencies: ["Doing", "Wiring", "Sockets", "Charting", "Simming"],
            swiftSettings: strict),
        .testTarget(
            name: "TapingTests", dependencies: ["Doing", "Wiring", "Memoing", "Sockets", "Taping", "Simming"],
            swiftSettings: strict),
        .testTarget(
            name: "SimmingTests", dependencies: ["Doing", "Wiring", "Memoing", "Charting", "Simming", "CMallocCount"],
            swiftSettings: strict),
        .testTarget(
            name: "RehearsingTests",
            dependencies: ["Doing", "Wiring", "Memoing", "Charting", "Simming", "Rehearsing", "SeedTesting"],
            swiftSettings: strict),
        .testTarget(name: "HostingTests", dependencies: ["Doing", "Hosting", "Sockets"], swiftSettings: strict),
        .testTarget(
            name: "CoDoingTests", dependencies: ["Doing", "CoDoing", "Wiring", "Simming"], swiftSettings: strict),
        .testTarget(
            name: "FramingTests",
            dependencies: ["Doing", "CoDoing", "Wiring", "Framing", "Simming", "Sockets"],
            swiftSettings: strict),
        .testTarget(
            name: "LTPTests",
            dependencies: ["Doing", "CoDoing", "Wiring", "LTP", "Simming", "Sockets", "CMallocCount"],
            swiftSettings: strict),
        .testTarget(
            name: "FlowingTests",
            dependencies: ["Doing", "CoDoing", "Wiring", "Memoing", "Signing", "Flowing", "Simming", "Sockets"],
            swiftSettings: strict),
        .testTarget(name: "PeeringTests", dependencies: ["Peering"], swiftSettings: strict),
        .testTarget(
            name: "ExamplesTests", dependencies: ["examples", "Rehearsing", "SeedTesting", "Simming", "Wiring"],
            swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .testTarget(
            name: "DemoTests",
            dependencies: [
                "DemoKit", "Scenarios", "Commanding", "lossy", "light-minutes", "ltp-peer", "Framing", "Rehearsing",
                "Simming",
                "Charting", "Taping",
            ],
            swiftSettings: strict),
    ]
)
