import ArgumentParser
import CompiledModel
import Foundation
import NetworkCompiler
import NetworkTraining
import SensorData
import SpikingNetwork
import Workbench

/// `spikefleet model add-class`.
struct ModelAddClassCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "add-class",
    abstract: "Give a network or a compiled model one class more; all weights that it has stay.",
    discussion: """
      The output gains a neuron whose number is the new class, or as many free ones as each class \
      has where it learns by weights of one bit. Its weights are 0, or with --data a \
      prototype of these examples. Compile and deploy the network, then let its last layer learn: \
      `spikefleet chip run --learn --freeze LAYER`, or `learning.freeze` of an agent. A compiled \
      model keeps what nodes have learnt and needs no network; with --chip it is held against the \
      limits of its chip, and its cores stay where they are if they hold the new neuron.
      """)

  @Argument(help: "Network (JSON), or compiled model (.snn).")
  var network: String

  @Option(help: "Chip file (YAML) of a compiled model.")
  var chip: String?

  @Option(help: "Name of the network with the new class; the same without it.")
  var name: String?

  @Option(help: "Folder of examples of the new class.")
  var data: String?

  @Option(parsing: .unconditional, help: "Examples to take, from the first on; all without it.")
  var count: Int?

  @Option(help: "Model of this network (.snn) whose weights of one bit are taken first.")
  var learnt: String?

  @Option(help: "Where the network (JSON) or the compiled model (.snn) goes.")
  var out: String

  @OptionGroup var output: OutputOptions

  /// The network with what a chip has learned by weights of one bit, if a model says.
  private func learned(_ before: SpikingNetwork) throws -> SpikingNetwork {
    guard let learnt else { return before }
    let model = try ModelFile(reading: learnt).model
    guard let index = model.edgeConnection, let plasticities = model.layers.last?.plasticities
    else {
      throw CommandFailure("\(learnt): found no weights of one bit, expected some that learn")
    }
    let one = Double(EdgeLearningProgram.plasticityOne)
    do {
      return try before.takingEdgeLearning(
        bits: model[index].inferenceWeights.map { $0 != 0 },
        plasticities: plasticities.map { Double($0) / one })
    } catch {
      throw CommandFailure("\(network): \(error)")
    }
  }

  /// What was written.
  private struct Written: Encodable {
    var network: String
    var path: String
    /// Number of the new class.
    var addedClass: Int
    /// Examples behind its weights; 0 where these are 0.
    var examples: Int
    /// Whether it has neurons of weights of one bit, which have learnt nothing.
    var isFree = false
  }

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count \(count), expected at least 1.") }
    guard data != nil || count == nil else {
      throw ValidationError("--count is of the examples of --data: add it.")
    }
  }

  func perform() async throws {
    let bytes = try FileContent.read(network, what: "a network or a compiled model")
    let examples = try data.map { folder in
      let all = try SampleParts.read(folder).training
      return all.selecting(0..<min(all.count, count ?? all.count))
    }
    let isCompiled = CompiledModel.begins([UInt8](bytes.prefix(64)))
    let written =
      isCompiled ? try enlargeModel(examples) : try enlargeNetwork(bytes, examples)
    try output.print(written) { written in
      Console.line(
        "added class \(written.addedClass) to \(written.network) "
          + (written.isFree
            ? "with free neurons"
            : written.examples == 0
              ? "with weights of 0"
              : "with a prototype of \(written.examples) examples")
          + ", wrote \(written.path)")
    }
  }

  private func enlargeModel(_ examples: LabelledSamples?) throws -> Written {
    guard learnt == nil else {
      throw CommandFailure(
        "\(network): is a compiled model, which has what it learnt; leave --learnt out")
    }
    guard let chip else {
      throw CommandFailure(
        "\(network): is a compiled model; name the file of its chip with --chip, whose limits the "
          + "larger one has to keep")
    }
    let before = try ModelFile(reading: network).model
    if let examples, examples.channels != before.sampleSize {
      throw CommandFailure(
        "\(data ?? ""): samples of \(examples.channels) channels for a model of "
          + "\(before.sampleSize) inputs; name examples of the sensor that it was made for")
    }
    let means = examples.map { ParallelEvaluation.meanSpikes(of: before, on: $0) }
    let grown: CompiledModel
    do {
      grown = try EnlargedModel.adding(
        classTo: before, for: try ChipFile.chip(contentsOf: chip), name: name, meanSpikes: means)
    } catch let error as CompileError {
      throw CommandFailure("\(network): \(error)")
    }
    try FileContent.write(Data(grown.encoded()), to: out)
    return Written(
      network: grown.name, path: out, addedClass: before.classes,
      examples: before.hasAssignment ? 0 : examples?.count ?? 0)
  }

  private func enlargeNetwork(_ bytes: Data, _ examples: LabelledSamples?) throws -> Written {
    guard chip == nil else {
      throw CommandFailure(
        "\(network): is a network, which is compiled for a chip afterwards; leave --chip out")
    }
    let before = try learned(NetworkFile.decode(bytes, path: network))
    let grown: SpikingNetwork
    do {
      grown = try AddedClass.add(to: before, name: name, examples: examples)
    } catch {
      throw CommandFailure("\(network): \(error)")
    }
    try FileContent.write(Data(try JSONText.line(grown).utf8), to: out)
    return Written(
      network: grown.name, path: out,
      addedClass: try NetworkSimulator(before).classes, examples: examples?.count ?? 0,
      isFree: before.projections.contains { $0.edgeLearning != nil })
  }
}
