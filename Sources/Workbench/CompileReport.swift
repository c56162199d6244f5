import CompiledModel
import Foundation

/// What a compiled model needs of its chip, costs and gets right, for people and, as JSON, for
/// scripts.
///
/// Field names are stable within a `format` and say their unit where there is one; names without a
/// unit are counts, and those that end in `Share` lie between 0 and 1. An inference is one sample.
package struct CompileReport: Codable, Sendable, Equatable {
  /// Name and version of this format.
  package static let currentFormat = "spikefleet-compile-report/3"

  /// `currentFormat` of the tool that wrote it.
  package let format: String
  /// Name of the network.
  package let network: String
  /// Name of the chip.
  package let chip: String
  /// The chip's mesh.
  package let mesh: Mesh
  /// Steps of a sample.
  package let steps: Int
  /// Input channels.
  package let inputs: Int
  /// Classes that the output tells apart.
  package let classes: Int
  /// One for each layer.
  package let layers: [Layer]
  /// One for each core in use, in the order of the model's.
  package let cores: [Core]
  /// Bytes of the model.
  package let footprint: Footprint
  /// SHA-256 of everything except learning weights, in hexadecimal digits.
  package let structureDigest: String
  /// What an inference costs.
  package let inference: InferenceCost
  /// Messages between cores, and what the placement saves.
  package let traffic: Traffic
  /// Share of weights that are zero on the chip, or that a sparse connection leaves out.
  package let connectionSparsityShare: Double
  /// What the chip got right beside the network in floating point; nil without samples.
  package let comparison: Comparison?
  /// Metrics under the names and by the definitions of NeuroBench; nil without samples.
  package let neuroBench: ChipMetrics?

  /// The mesh of a chip.
  package struct Mesh: Codable, Sendable, Equatable {
    /// Tiles in a row.
    package let columns: Int
    /// Tiles in a column.
    package let rows: Int
    /// Cores of the whole chip.
    package let cores: Int
    /// Tiles that hold a core in use.
    package let tilesUsed: Int
  }

  /// How a layer was compiled.
  package struct Layer: Codable, Sendable, Equatable {
    /// Name of the population.
    package let name: String
    /// Number of neurons.
    package let neurons: Int
    /// Cores that hold it.
    package let cores: Int
    /// Chip steps by which it runs behind the input.
    package let phaseSteps: Int
    /// One unit of its finest inference weights, in the network's units.
    package let weightUnit: Double
    /// Whether neurons, or channels, have units of their own; `weightUnit` is then the mean.
    package let isPerChannel: Bool
    /// Names of the rules that change its weights, joined by `+`, or `none`.
    package let rule: String
    /// What feeds it.
    package let connections: [Connection]
  }

  /// How a connection was compiled.
  package struct Connection: Codable, Sendable, Equatable {
    /// Name of the population that sends.
    package let source: String
    /// Name of the layout: `dense`, `sparse`, `convolution` or `one-to-one`.
    package let layout: String
    /// Number of weights.
    package let weights: Int
    /// Bits of a weight as inference sees it.
    package let weightBits: Int
    /// One unit of an inference weight is `2^exponent`, or near it where the layer is per channel.
    package let exponent: Int
    /// Root mean square of what rounding took from the weights, in the network's units.
    package let roundingErrorRMS: Double
    /// Share of weights that are zero on the chip.
    package let zeroWeightShare: Double
    /// Steps by which spikes arrive late.
    package let delaySteps: Int
    /// Name of the rule that changes its weights, or `none`.
    package let rule: String
  }

  /// What a core holds, each against its limit, and what it costs.
  package struct Core: Codable, Sendable, Equatable {
    /// Name of its layer.
    package let layer: String
    /// Number of its first neuron in the layer.
    package let firstNeuron: Int
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
    /// What its events cost; port and barriers are on no core.
    package let joulesPerInference: Double
  }

  /// A quantity against its limit.
  package struct Use: Codable, Sendable, Equatable {
    /// What is used.
    package let used: Int
    /// What the chip allows.
    package let limit: Int
  }

  /// Bytes of a model.
  package struct Footprint: Codable, Sendable, Equatable {
    /// Synapses and learning state in all cores, as the limits of cores count them.
    package let synapseMemoryBytes: Int
    /// The part of them that only learning needs.
    package let learningBytes: Int
    /// Parameters and state of neurons, synapses and learning, each array by itself: the footprint
    /// among the metrics.
    package let parameterAndStateBytes: Int
    /// The file that the chip loads.
    package let fileBytes: Int
  }

  /// Messages of an inference and the links between tiles that they pass.
  package struct Traffic: Codable, Sendable, Equatable {
    /// Messages, those within a core included.
    package let messagesPerInference: Double
    /// Links that they pass, as they were counted or as assumed spikes let expect.
    package let hopsPerInference: Double
    /// Links by the spikes that the placement was made for.
    package let hopsPlaced: Double
    /// The same with cores row by row in the order of layers, those that a mapping binds to tiles
    /// excepted: the baseline.
    package let hopsRowMajor: Double
  }

  /// Accuracy and spikes of the chip beside those of the network in floating point.
  package struct Comparison: Codable, Sendable, Equatable {
    /// Samples shown to both, with the same input spikes.
    package let samples: Int
    /// Samples that placement and rules were calibrated with.
    package let calibrationSamples: Int
    /// Whether the samples are others than those of the calibration.
    package let isHeldOut: Bool
    /// Right labels of the network in floating point.
    package let accuracyFloatPercent: Double
    /// Right labels of the chip.
    package let accuracyChipPercent: Double
    /// Samples to which both gave the same label.
    package let sameLabelPercent: Double
    /// One for each layer that spikes.
    package let layers: [LayerComparison]
  }

  /// Spikes of a layer on the chip beside those in floating point.
  package struct LayerComparison: Codable, Sendable, Equatable {
    /// Name of the layer.
    package let layer: String
    /// Spikes of an inference in floating point, mean.
    package let spikesPerInferenceFloat: Double
    /// Spikes of an inference on the chip, mean.
    package let spikesPerInferenceChip: Double
    /// Neuron-steps with a spike in both, of those with a spike in either.
    package let coincidenceShare: Double
    /// Neuron-steps of the chip without a spike.
    package let silenceShare: Double
    /// Potentials, currents and rises that met the end of their range, mean.
    package let saturationsPerInference: Double
  }

  /// The report as JSON, keys sorted, with a final line feed.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }
}
