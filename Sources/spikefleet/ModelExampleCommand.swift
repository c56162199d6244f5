import ArgumentParser
import Foundation
import NetworkTraining
import SpikingNetwork
import Workbench

/// `spikefleet model example`.
struct ModelExampleCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "example",
    abstract: "Write an example network, before training, to start from or to learn on a chip.",
    discussion: ExampleNetwork.allCases.map { "\($0.rawValue): \($0.summary)" }
      .joined(separator: "\n"))

  @Argument(
    help: "Which example: \(ExampleNetwork.allCases.map(\.rawValue).joined(separator: ", ")).")
  var example: ExampleNetwork

  @Option(help: "Where the network goes (JSON).")
  var out: String

  @Option(parsing: .unconditional, help: "Decides the weights.")
  var seed: UInt64 = 1

  @Option(parsing: .unconditional, help: "Decides the input spikes of each sample.")
  var encoderSeed: UInt64 = 1

  @OptionGroup var output: OutputOptions

  /// What was written.
  private struct Written: Encodable {
    var network: String
    var path: String
    var populations: [Int]
  }

  func perform() async throws {
    let network = try example.network(weightSeed: seed, encoderSeed: encoderSeed)
    try FileContent.write(Data(try JSONText.line(network).utf8), to: out)
    let written = Written(
      network: network.name, path: out, populations: network.populations.map(\.size))
    try output.print(written) { written in
      Console.line(
        "wrote \(written.network) ("
          + written.populations.map { "\($0)" }.joined(separator: "-") + ") to \(written.path)")
    }
  }
}

extension ExampleNetwork: ExpressibleByArgument {}
