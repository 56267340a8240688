// swift-tools-version: 6.1
import Foundation
import PackageDescription

// libtorch is not a Swift package: tools/setup unpacks the pinned wheel and links it here.
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
let environment = ProcessInfo.processInfo.environment
let libtorch =
    environment["LIBTORCH"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(root)/.deps/libtorch"
guard FileManager.default.fileExists(atPath: "\(libtorch)/include/ATen/ATen.h") else {
    FileHandle.standardError.write(
        Data(
            "no libtorch at \(libtorch): run tools/setup, or set LIBTORCH to a libtorch 2.11\n".utf8
        ))
    exit(1)
}
let torchFlags = [
    "-I\(libtorch)/include", "-I\(libtorch)/include/torch/csrc/api/include",
    "-Wno-deprecated-declarations",
]
// tools/bundle sets a run path of its own: old-style, so that it also serves the libraries' libraries.
let runPath =
    environment["UNDERSTUDY_RUN_PATH"].map { ["--disable-new-dtags", "-rpath", $0] }
    ?? ["-rpath", "\(libtorch)/lib"]
let torchLinking: [LinkerSetting] = [
    .unsafeFlags(["-L\(libtorch)/lib"] + runPath.flatMap { ["-Xlinker", $0] }),
    .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
]
let swiftSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "understudy",
    products: [.executable(name: "understudy", targets: ["understudy"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(
            name: "HDF5", path: "Sources/HDF5", pkgConfig: "hdf5",
            providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(
            name: "LibJPEG", path: "Sources/LibJPEG", pkgConfig: "libjpeg",
            providers: [.apt(["libjpeg62-turbo-dev"])]),
        .systemLibrary(
            name: "LibPNG", path: "Sources/LibPNG", pkgConfig: "libpng",
            providers: [.apt(["libpng-dev"])]),
        .target(
            name: "CTorch", dependencies: ["CBase"], cxxSettings: [.unsafeFlags(torchFlags)],
            linkerSettings: torchLinking),
        .target(name: "CHDF5", dependencies: ["HDF5"]),
        .target(name: "CJPEG", dependencies: ["LibJPEG"]),
        .target(name: "CPNG", dependencies: ["LibPNG"]),
        .target(name: "CPixels"),
        .target(name: "CBase"),
        .target(name: "CStartup"),
        .target(name: "Base", dependencies: ["CBase", crypto], swiftSettings: swiftSettings),
        .target(name: "Torch", dependencies: ["Base", "CTorch"], swiftSettings: swiftSettings),
        .target(name: "Graphs", dependencies: ["Base", "Torch"], swiftSettings: swiftSettings),
        .target(
            name: "StrictYAML", dependencies: ["Base", "Yams"], swiftSettings: swiftSettings),
        .target(
            name: "Recipes",
            dependencies: [
                "Base", "Imaging", "Learning", "Models", "StrictYAML", "Torch", "Views",
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "Models",
            dependencies: ["Base", "Graphs", "Imaging", "StrictYAML", "Torch"],
            swiftSettings: swiftSettings),
        .target(
            name: "Imaging", dependencies: ["Base", "CJPEG", "CPNG", "CPixels"],
            swiftSettings: swiftSettings),
        .target(
            name: "Views", dependencies: ["Base", "Imaging", "StrictYAML"],
            swiftSettings: swiftSettings),
        .target(
            name: "Loading",
            dependencies: ["Base", "Views", "Imaging", "Recipes", "StrictYAML", "Torch", crypto],
            swiftSettings: swiftSettings),
        .target(
            name: "ResponseCache", dependencies: ["Base", "CHDF5"],
            swiftSettings: swiftSettings),
        .target(
            name: "Learning", dependencies: ["Base", "Models", "StrictYAML", "Torch"],
            swiftSettings: swiftSettings),
        .target(
            name: "Distillation",
            dependencies: [
                "Base", "Graphs", "Imaging", "Learning", "ResponseCache", "Loading", "Views",
                "Models", "Recipes", "StrictYAML", "Torch",
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "understudy",
            dependencies: [
                "Base", "CStartup", "Distillation", "Graphs", "ResponseCache", "Learning",
                "Loading", "Views", "Imaging", "Models", "Recipes", "StrictYAML", "Torch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Mustache", package: "swift-mustache"),
            ], swiftSettings: swiftSettings),
        .testTarget(
            name: "BaseTests", dependencies: ["Base", "CBase"], swiftSettings: swiftSettings),
        .testTarget(
            name: "TorchTests", dependencies: ["Torch", "CTorch"], swiftSettings: swiftSettings),
        .testTarget(
            name: "GraphsTests", dependencies: ["Base", "Graphs", "Models", "Torch"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "StrictYAMLTests", dependencies: ["StrictYAML"], swiftSettings: swiftSettings),
        .testTarget(
            name: "RecipesTests",
            dependencies: ["Imaging", "Learning", "Models", "Recipes", "StrictYAML", "Views"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ModelsTests", dependencies: ["Imaging", "Models", "StrictYAML", "Torch"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ImagingTests", dependencies: ["Imaging", "CPixels"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ViewsTests", dependencies: ["Views", "Imaging", "StrictYAML"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "LoadingTests",
            dependencies: ["Base", "Loading", "Views", "Imaging", "Recipes", "Torch"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ResponseCacheTests", dependencies: ["ResponseCache", "CHDF5"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "LearningTests", dependencies: ["Learning", "Models", "Torch"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "DistillationTests",
            dependencies: [
                "Base", "Distillation", "Imaging", "Learning", "Loading", "Models", "Recipes",
                "ResponseCache", "StrictYAML", "Torch", "Views",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Base", "understudy", "Imaging", "Loading", "Models", "Recipes", "ResponseCache",
                "StrictYAML", "Torch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx20
)
