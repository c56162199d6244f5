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

  @Option(
    help: ArgumentHelp(
      "How intensities become input spikes: "
        + EncoderName.allCases.map(\.rawValue).joined(separator: ", ") + "."))
  var encoder: EncoderName?

  @Option(help: "Spikes per second of the largest intensity (bernoulli, poisson).")
  var maxRate: Double?

  @Option(help: "Probability of a spike of the largest intensity in a step (bernoulli).")
  var maxProbability: Double?

  @Option(help: "Trained network whose layers before the output are kept (edge, reward).")
  var features: String?

  @Option(help: "Classes to tell apart with --features.")
  var classes: Int = 10

  @OptionGroup var output: OutputOptions

  /// What was written.
  private struct Written: Encodable {
    var network: String
    var path: String
    var populations: [Int]
  }

  /// Encoders that suit pictures.
  enum EncoderName: String, CaseIterable, ExpressibleByArgument {
    case bernoulli
    case poisson
    case latency
    case directCurrent = "direct-current"
  }

  func validate() throws {
    guard features == nil || example.hasFeatures else {
      throw ValidationError("--features is for the examples edge and reward.")
    }
    guard (1...1024).contains(classes) else {
      throw ValidationError("--classes \(classes), expected 1 to 1024.")
    }
    if encoder == .poisson, maxRate == nil {
      throw ValidationError("--encoder poisson needs --max-rate, spikes per second.")
    }
    if maxRate != nil, encoder != .poisson, encoder != .bernoulli {
      throw ValidationError("--max-rate is for --encoder bernoulli and --encoder poisson.")
    }
    if maxProbability != nil, encoder != .bernoulli {
      throw ValidationError("--max-probability is for --encoder bernoulli.")
    }
  }

  /// The encoder that was asked for; nil for the example's own.
  private var chosenEncoder: SpikeEncoder? {
    switch encoder {
    case nil: nil
    case .bernoulli:
      .bernoulli(seed: encoderSeed, maxProbability: maxProbability, maxRate: maxRate)
    case .poisson: .poisson(seed: encoderSeed, maxRate: maxRate ?? 0)
    case .latency: .latency
    case .directCurrent: .directCurrent
    }
  }

  private func described() throws -> SpikingNetwork {
    guard let features else {
      return try example.network(weightSeed: seed, encoderSeed: encoderSeed)
    }
    let trained = try NetworkFile.read(features)
    do throws(NetworkError) {
      let features = try FixedFeatures(of: trained)
      return try features.network(example, classes: classes, seed: seed)
    } catch {
      throw CommandFailure("\(features): \(error)")
    }
  }

  func perform() async throws {
    var network = try described()
    if let chosenEncoder {
      network.encoder = chosenEncoder
      try network.validate()
    }
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
