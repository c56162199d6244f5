import CompiledModel
import Foundation
import SpikingNetwork

/// A chain of dense layers of leaky integrate-and-fire neurons on the tiles of a mesh, whose spikes
/// were recorded elsewhere: what `spikefleet chip replay` reads.
struct ReplayJob: Decodable {
  struct Tile: Decodable {
    var column: Int
    var row: Int
  }

  /// A core with the next of its layer's neurons.
  struct Core: Decodable {
    var column: Int
    var row: Int
    var neurons: Int
  }

  struct Layer: Decodable {
    var name: String
    var neurons: Int
    /// File beside this one: a signed byte for each weight, `[source][target]`.
    var weights: String
    /// In units of the weights; a spike subtracts it.
    var threshold: Int32
    /// In 1/4096.
    var decay: Int32
    var cores: [Core]
  }

  /// Chip steps that were recorded.
  var steps: Int
  var inputs: Int
  /// Tile at which input spikes enter.
  var port: Tile
  var layers: [Layer]

  init(contentsOf path: String) throws {
    let data = try FileContent.read(path, what: "a job to replay (JSON)")
    do {
      self = try JSONDecoder().decode(ReplayJob.self, from: data)
    } catch let error as DecodingError {
      throw CommandFailure("\(path): \(Self.text(error)); Tests/CrossCheck shows a whole file")
    }
    guard (1...65536).contains(steps), (1...1 << 20).contains(inputs),
      layers.allSatisfy({ (1...1 << 20).contains($0.neurons) })
    else {
      throw CommandFailure(
        "\(path): \(steps) steps, \(inputs) inputs and layers of "
          + layers.map { "\($0.neurons)" }.joined(separator: ", ")
          + ", expected 1 to 65536 steps, and 1 to 2^20 inputs and neurons")
    }
  }

  /// The model for a chip; `folder` has the weights.
  func model(for chip: Chip, folder: URL) throws -> CompiledModel {
    var compiled: [CompiledLayer] = []
    var cores: [PlacedCore] = []
    var (source, sourceSize) = (Int?.none, inputs)
    for (index, layer) in layers.enumerated() {
      compiled.append(
        try layer.compiled(
          from: source, sourceSize, phase: index + 1, for: chip, folder: folder))
      var first = 0
      for core in layer.cores {
        cores.append(
          PlacedCore(
            layer: index, firstNeuron: first, neuronCount: core.neurons, column: core.column,
            row: core.row))
        first += core.neurons
      }
      (source, sourceSize) = (index, layer.neurons)
    }
    // A model's own steps do not count here: the recording has its own.
    let model = CompiledModel(
      name: "replay", chip: chip.name, steps: 1, inputs: inputs, input: .bernoulli(seed: 0),
      port: .init(column: port.column, row: port.row), arithmetic: chip.arithmetic,
      layers: compiled, cores: cores, prices: chip.prices, timing: chip.timing)
    do { try model.validate() } catch {
      throw CommandFailure("the job cannot run on \(chip.name): \(error)")
    }
    return model
  }

  private static func text(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      "no `\(path(context.codingPath + [key]))`"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "`\(path(context.codingPath))` is no \(type)"
    case .dataCorrupted(let context): "`\(path(context.codingPath))`: \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map(\.stringValue).joined(separator: ".")
  }
}

extension ReplayJob.Layer {
  fileprivate func compiled(
    from source: Int?, _ sourceSize: Int, phase: Int, for chip: Chip, folder: URL
  ) throws -> CompiledLayer {
    let bytes = try FileContent.read(
      folder.appending(path: weights).path(percentEncoded: false), what: "weights, a byte each")
    guard bytes.count == sourceSize * neurons else {
      throw CommandFailure(
        "\(weights): \(bytes.count) bytes, expected \(sourceSize) x \(neurons) weights of `\(name)`"
      )
    }
    let (shifted, overflow) = threshold.multipliedReportingOverflow(
      by: 1 << chip.arithmetic.inputShift)
    guard !overflow else {
      throw CommandFailure("threshold \(threshold) of `\(name)` is beyond 32 bits of potential")
    }
    let program = SpikingProgram(
      membrane: MembraneProgram(decay: decay), threshold: NeuronValues(shifted), reset: .soft)
    return CompiledLayer(
      name: name, neurons: .spiking(program), size: neurons, exponent: 0,
      connections: [
        CompiledConnection(
          source: source, sourceSize: sourceSize,
          weights: .fixed(bytes.map { Int8(bitPattern: $0) }))
      ], phase: phase)
  }
}

extension ReplayJob {
  /// Spikes from a table with the columns `step` (from 1 on), `population` (`input` or a layer) and
  /// `neuron`, by step and then by neuron.
  func spikes(contentsOf path: String) throws -> [SpikeTrains] {
    let text = String(
      decoding: try FileContent.read(path, what: "spikes (CSV)"), as: UTF8.self)
    let names = ["input"] + layers.map(\.name)
    let sizes = [inputs] + layers.map(\.neurons)
    var trains = [[[Int32]]](repeating: [[Int32]](repeating: [], count: steps), count: names.count)
    for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      if number == 0, line == "step,population,neuron" { continue }
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == 3, let step = Int(fields[0]), (1...steps).contains(step),
        let population = names.firstIndex(of: String(fields[1])), let neuron = Int32(fields[2]),
        (0..<sizes[population]).contains(Int(neuron)),
        neuron > trains[population][step - 1].last ?? -1
      else {
        throw CommandFailure(
          "\(path):\(number + 1): `\(line)`, expected a step from 1 to \(steps), one of "
            + names.joined(separator: ", ") + " and one of its neurons, rising within a step")
      }
      trains[population][step - 1].append(neuron)
    }
    return zip(sizes, trains).map { SpikeTrains(sources: $0, steps: $1) }
  }
}
