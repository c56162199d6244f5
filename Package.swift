// swift-tools-version: 6.2

import PackageDescription

/// One list of settings for every Swift target: language mode 6, strict imports, no warnings.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")

func library(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: dependencies, resources: resources,
    swiftSettings: settings)
}

let package = Package(
  name: "spikefleet",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "spikefleet", targets: ["spikefleet"]),
    .executable(name: "spikefleet-bench", targets: ["spikefleet-bench"]),
    .executable(name: "spikefleet-agent", targets: ["spikefleet-agent"]),
    .executable(name: "spikefleet-coordinator", targets: ["spikefleet-coordinator"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Layer 0: C
    .target(name: "CKernels"),
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CHDF5", providers: [.apt(["libhdf5-dev"])]),

    // Layer 1: values
    library("SpikingNetwork", []),
    library("CompiledModel", [crypto]),
    library("FleetProtocol", [crypto, protobuf], exclude: ["Schema"]),
    library("Federation", [crypto, "CKernels"]),
    library("RolloutGates", []),

    // Layer 2: machines
    library("NetworkCompiler", ["SpikingNetwork", "CompiledModel"]),
    library("Accelerator", ["SpikingNetwork", "CompiledModel", "CKernels"]),
    library("NetworkTraining", ["SpikingNetwork"]),
    library(
      "FleetCore",
      ["FleetProtocol", "CompiledModel", "Federation", "RolloutGates", crypto, protobuf]),

    // Layer 3: edges
    library("SensorData", ["SpikingNetwork", "CZlib", crypto]),
    library("NIRFormat", ["CHDF5"]),
    library("ZeroMQTransport", ["FleetProtocol", "CZeroMQ", crypto]),
    library(
      "FleetStore",
      ["FleetCore", "FleetProtocol", "Federation", "RolloutGates", grdb, crypto, protobuf]),
    library(
      "FleetSimulation", ["FleetCore", "FleetProtocol", "Federation", "RolloutGates", crypto]),
    library(
      "FleetAPI",
      [
        "CompiledModel", "Federation", "FleetCore", "FleetProtocol", "RolloutGates", hummingbird,
        httpClient, httpTypes, nioCore, nioHTTP, crypto, logging,
      ]),
    library(
      "Workbench",
      [
        "SpikingNetwork", "CompiledModel", "NetworkCompiler", "Accelerator", "NetworkTraining",
        "FleetProtocol", "Federation", "FleetCore", "RolloutGates", yams, crypto, logging,
      ]),

    // Layer 4: shells
    .executableTarget(
      name: "spikefleet",
      dependencies: [
        "Workbench", "SensorData", "NIRFormat", "FleetAPI", "FleetProtocol", "SpikingNetwork",
        "CompiledModel",
        "NetworkCompiler", "Accelerator", "NetworkTraining", "ZeroMQTransport", "FleetCore",
        "FleetSimulation", "FleetStore", "Federation", "RolloutGates", arguments, crypto, protobuf,
        yams,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "spikefleet-bench",
      dependencies: [
        "Workbench", "SensorData", "SpikingNetwork", "CompiledModel", "NetworkCompiler",
        "Accelerator", "NetworkTraining", "FleetCore", "FleetProtocol", "FleetStore",
        "Federation", "ZeroMQTransport", arguments, protobuf,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "spikefleet-agent",
      dependencies: [
        "FleetCore", "FleetProtocol", "FleetStore", "ZeroMQTransport", "Accelerator",
        "CompiledModel", "SensorData", "SpikingNetwork", "Federation", "Workbench", arguments,
        logging, protobuf, yams,
      ],
      path: "agent", swiftSettings: settings),
    .executableTarget(
      name: "spikefleet-coordinator",
      dependencies: [
        "FleetCore", "FleetProtocol", "FleetStore", "FleetAPI", "RolloutGates", "ZeroMQTransport",
        "Federation",
        "Accelerator", "CompiledModel", "SensorData", "SpikingNetwork", "Workbench", arguments,
        logging, lifecycle, signals, protobuf,
      ],
      path: "coordinator", swiftSettings: settings),

    // Tests
    tests("Tidy", []),
    tests("SpikingNetwork", ["SpikingNetwork"]),
    tests("CompiledModel", ["CompiledModel"]),
    tests("NetworkCompiler", ["NetworkCompiler", "CompiledModel", "SpikingNetwork"]),
    tests(
      "Accelerator", ["Accelerator", "NetworkCompiler", "CompiledModel", "SpikingNetwork"],
      resources: [.copy("Golden")]),
    tests("NetworkTraining", ["NetworkTraining", "SpikingNetwork"]),
    tests("SensorData", ["SensorData", "SpikingNetwork"]),
    tests("NIRFormat", ["NIRFormat", "CHDF5"]),
    tests("FleetProtocol", ["FleetProtocol", crypto, protobuf]),
    tests("RolloutGates", ["RolloutGates"]),
    tests("Federation", ["Federation"]),
    tests(
      "FleetCore",
      ["FleetCore", "FleetProtocol", "Federation", "RolloutGates", crypto, protobuf]),
    tests(
      "FleetStore",
      [
        "FleetStore", "FleetCore", "FleetProtocol", "Federation", "RolloutGates", grdb, protobuf,
      ]),
    tests(
      "FleetSimulation",
      ["FleetSimulation", "FleetStore", "FleetCore", "FleetProtocol", "RolloutGates"]),
    tests("ZeroMQTransport", ["ZeroMQTransport", "FleetProtocol"]),
    tests(
      "FleetAPI",
      [
        "FleetAPI", "CompiledModel", "FleetCore", "FleetProtocol", httpClient, nioCore, nioHTTP,
        logging,
      ]),
    tests(
      "Workbench",
      [
        "Workbench", "RolloutGates", "NetworkCompiler", "Accelerator", "NetworkTraining",
        "CompiledModel",
        "SpikingNetwork", "FleetProtocol", "Federation", "FleetCore", "FleetSimulation", crypto,
        logging,
      ]),
    tests(
      "EndToEnd",
      [
        "FleetAPI", "FleetStore", "FleetCore", "FleetProtocol", "ZeroMQTransport", "Workbench",
        "SensorData", "Accelerator", "CompiledModel", "NetworkCompiler", "NetworkTraining",
        "SpikingNetwork", "Federation", "spikefleet", "spikefleet-agent", "spikefleet-coordinator",
        crypto, grdb, protobuf,
      ]),
  ]
)
