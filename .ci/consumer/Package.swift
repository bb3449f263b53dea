// swift-tools-version: 6.2
import PackageDescription

// A program of somebody else, which uses tymist beside packages that many servers have. It must resolve, build, and
// see nothing but what is public.
let package = Package(
    name: "consumer",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "tymist", path: "../.."),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.0.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.0.0"),
    ],
    targets: [
        .executableTarget(
            name: "consumer",
            dependencies: [
                .product(name: "Doing", package: "tymist"), .product(name: "CoDoing", package: "tymist"),
                .product(name: "Wiring", package: "tymist"), .product(name: "Memoing", package: "tymist"),
                .product(name: "Framing", package: "tymist"), .product(name: "Signing", package: "tymist"),
                .product(name: "Sockets", package: "tymist"), .product(name: "Charting", package: "tymist"),
                .product(name: "Taping", package: "tymist"), .product(name: "Simming", package: "tymist"),
                .product(name: "Rehearsing", package: "tymist"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ])
    ]
)
