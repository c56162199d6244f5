import CompiledModel
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

/// Weights that a probe writes are those of the network that was compiled.
@Suite struct ProbedWeightsTests {
  /// A weight of the network by populations and neurons; sources after pooling.
  private struct Described {
    let network: SpikingNetwork

    func weight(_ projection: Projection, from source: Int, to target: Int) throws -> Double {
      let (before, after) = (population(projection.source), population(projection.target))
      switch projection.connectivity {
      case .dense(let weights):
        let sources = before.shape.map { $0.size / projection.pooling / projection.pooling }
        return Double(weights[target * (sources ?? before.size) + source])
      case .convolution(let kernel):
        let from = try #require(before.shape?.pooled(by: projection.pooling))
        let to = try #require(after.shape)
        let row =
          source / from.channels / from.width + kernel.padding
          - target / to.channels / to.width * kernel.stride
        let column =
          source / from.channels % from.width + kernel.padding
          - target / to.channels % to.width * kernel.stride
        try #require((0..<kernel.kernelHeight).contains(row))
        try #require((0..<kernel.kernelWidth).contains(column))
        let pair = target % to.channels * from.channels + source % from.channels
        return Double(
          kernel.weights[(pair * kernel.kernelHeight + row) * kernel.kernelWidth + column])
      case .sparse, .oneToOne:
        throw NotInExamples()
      }
    }

    func population(_ name: String) -> Population {
      network.populations.first { $0.name == name } ?? network.populations[0]
    }
  }

  private struct NotInExamples: Error {}

  private static let cases: [(ExampleNetwork, String, Bool)] = [
    (.recurrent, "generic", true), (.recurrent, "generic", false), (.binary, "generic", true),
    (.binary, "generic", false), (.convolutional, "generic", true), (.dense, "generic", true),
    (.dense, "loihi-learn", true), (.sdsp, "odin", true), (.eprop, "reckon", true),
    (.stdp, "cim-stdp", true),
  ]

  @Test(arguments: cases)
  func `exported weights are the network's to half a unit`(
    example: ExampleNetwork, chip: String, perChannel: Bool
  ) throws {
    let described = Described(network: try example.network())
    let model = try compile(
      described.network, for: try ShippedChip.chip(chip),
      options: CompilerOptions(perChannel: perChannel)
    ).model
    let selection = try ProbeSelection(
      model.layers.map { "\($0.name):0-2,\($0.name):\($0.size - 1)" }.joined(separator: ","),
      of: model)
    let rows = ProbeFiles.weights(into: selection, of: model).split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let learningStep = Double(1 << model.arithmetic.learningShift) / 256
    var seen = 0
    for row in rows {
      let projection = try #require(
        described.network.projections.first { $0.source == row[0] && $0.target == row[1] })
      let wanted = try described.weight(
        projection, from: try #require(Int(row[3])), to: try #require(Int(row[4])))
      let weight = try #require(Int(row[5]))
      let value = try #require(Double(row[7]))
      guard weight != 0 else {
        #expect(value == 0)
        continue
      }
      let unit = abs(value / Double(weight)) * (1 + 1e-9)
      seen += 1
      // The largest ones may be cut where that gains more than it costs.
      if projection.precision != .binary, abs(weight) == 127 {
        #expect(abs(value) <= abs(wanted) + unit / 2 && (value < 0) == (wanted < 0), "\(row)")
      } else if let learning = Double(row[8]) {
        #expect(abs(learning - wanted) <= unit * learningStep / 2, "\(row) for \(wanted)")
        #expect(abs(value - learning) <= unit / 2, "\(row)")
      } else {
        #expect(abs(value - wanted) <= unit / 2, "\(row) for \(wanted)")
        #expect(row[6] == "" && row[8] == "")
      }
    }
    #expect(seen > 30)
    #expect((model.plasticConnections.isEmpty) == rows.allSatisfy { $0[6] == "" })
  }
}
