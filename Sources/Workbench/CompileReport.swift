import CompiledModel
import Foundation
package import NetworkCompiler

/// What a compiled model needs of its chip, for people and, as JSON, for scripts.
package struct CompileReport: Codable, Sendable, Equatable {
  /// Name of the network.
  package let network: String
  /// Name of the chip.
  package let chip: String
  /// Steps of a sample.
  package let steps: Int
  /// Input channels.
  package let inputs: Int
  /// Classes that the readout tells apart.
  package let classes: Int
  /// One for each layer.
  package let layers: [Layer]
  /// One for each core in use.
  package let cores: [Core]
  /// Cores of the whole chip.
  package let chipCores: Int
  /// Bytes of synapses and learning state in all cores.
  package let footprintBytes: Int
  /// Bytes of the file that the chip loads.
  package let fileBytes: Int
  /// SHA-256 of everything except learning weights, in hexadecimal digits.
  package let structureDigest: String
  /// Name of the price table.
  package let priceTable: String
  /// SHA-256 of the price table, in hexadecimal digits.
  package let priceDigest: String
  /// Weakest evidence grade among its prices.
  package let priceGrade: String
  /// What a calibration set showed, if there was one.
  package let calibration: CalibrationFacts?

  /// How a layer was compiled.
  package struct Layer: Codable, Sendable, Equatable {
    /// Name of the population.
    package let name: String
    /// Number of neurons.
    package let neurons: Int
    /// Number of weights.
    package let weights: Int
    /// One unit of an inference weight is `2^exponent`.
    package let exponent: Int
    /// Name of the rule that changes its weights, or `none`.
    package let rule: String
    /// Cores that hold it.
    package let cores: Int
    /// Root mean square of what rounding took from its weights.
    package let roundingError: Double
  }

  /// What a core holds, each against its limit.
  package struct Core: Codable, Sendable, Equatable {
    /// Name of its layer.
    package let layer: String
    /// Tile's place in its row of the mesh.
    package let column: Int
    /// Tile's place in its column of the mesh.
    package let row: Int
    /// Neurons.
    package let neurons: Use
    /// Sources that it listens to.
    package let inAxons: Use
    /// Pairs of an own neuron and a destination core.
    package let outAxons: Use
    /// Bytes of synapses and learning state.
    package let synapseMemoryBytes: Use
    /// The part of them that only learning needs.
    package let learningBytes: Int
  }

  /// A quantity against its limit.
  package struct Use: Codable, Sendable, Equatable {
    /// What is used.
    package let used: Int
    /// What the chip allows.
    package let limit: Int
  }

  /// Reports on a compilation, with the results of a calibration if there are any.
  package init(_ compilation: Compilation, calibration: CalibrationFacts? = nil) {
    let model = compilation.model
    let limits = compilation.limits
    network = model.name
    chip = model.chip
    steps = model.steps
    inputs = model.inputs
    classes = model.classes
    layers = compilation.layers.map { facts in
      Layer(
        name: facts.name, neurons: facts.neurons, weights: facts.weights, exponent: facts.exponent,
        rule: facts.rule, cores: facts.cores, roundingError: facts.roundingError)
    }
    cores = zip(compilation.cores, model.cores).map { facts, place in
      Core(
        layer: model.layers[facts.layer].name, column: place.column, row: place.row,
        neurons: Use(used: facts.neurons, limit: limits.neurons),
        inAxons: Use(used: facts.inAxons, limit: limits.inAxons),
        outAxons: Use(used: facts.outAxons, limit: limits.outAxons),
        synapseMemoryBytes: Use(used: facts.synapseMemoryBytes, limit: limits.synapseMemoryBytes),
        learningBytes: facts.learningBytes)
    }
    chipCores = compilation.chipCores
    footprintBytes = compilation.footprintBytes
    fileBytes = model.encoded().count
    structureDigest = Self.hexadecimal(model.structureDigest)
    priceTable = model.prices.name
    priceDigest = Self.hexadecimal(model.prices.digest)
    priceGrade = model.prices.weakestGrade.rawValue
    self.calibration = calibration
  }

  /// The report as JSON, keys sorted.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
  }
}

/// What a calibration set showed of a compiled model before it is deployed.
package struct CalibrationFacts: Codable, Sendable, Equatable {
  /// Samples shown.
  package var samples: Int
  /// Share of right labels of the network in floating point, 0 to 1; nil if it was not run.
  package var accuracyFloat: Double?
  /// Share of right labels on the chip, 0 to 1.
  package var accuracyChip: Double
  /// Spikes of the input for an inference, mean.
  package var inputSpikes: Double
  /// Spikes of each layer for an inference, mean.
  package var layerSpikes: [Double]
  /// Joules of the chip for an inference, mean, by the report's price table.
  package var joulesPerInference: Double
  /// Modelled time of the chip for an inference in microseconds, mean.
  package var microsecondsPerInference: Double

  /// Takes the means over a calibration set.
  package init(
    samples: Int, accuracyFloat: Double?, accuracyChip: Double, inputSpikes: Double,
    layerSpikes: [Double], joulesPerInference: Double, microsecondsPerInference: Double
  ) {
    self.samples = samples
    self.accuracyFloat = accuracyFloat
    self.accuracyChip = accuracyChip
    self.inputSpikes = inputSpikes
    self.layerSpikes = layerSpikes
    self.joulesPerInference = joulesPerInference
    self.microsecondsPerInference = microsecondsPerInference
  }
}
