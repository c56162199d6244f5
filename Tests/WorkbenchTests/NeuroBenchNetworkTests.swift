import CompiledModel
import Foundation
import SpikingNetwork
import Testing
import Workbench

/// Metrics of a network against those that NeuroBench 2.3.0 itself gives for it, as
/// `Tests/CrossCheck/metrics.py` prints them.
@Suite struct NeuroBenchNetworkTests {
  private func metrics(of model: CompiledModel = NeuroBenchNetwork.model) -> ChipMetrics {
    ChipMetrics(
      model,
      of: ParallelEvaluation.run(
        model, on: NeuroBenchNetwork.samples, threads: 2, observing: .init(activity: true)))
  }

  private func isNear(_ value: Double?, _ expected: Double) -> Bool {
    value.map { abs($0 - expected) < 1e-9 } ?? false
  }

  @Test func `lit channels spike in every step`() {
    let samples = NeuroBenchNetwork.samples
    let lit = (0..<samples.count).reduce(0) { $0 + samples[$1].intensities.count { $0 > 0 } }
    let run = ParallelEvaluation.run(NeuroBenchNetwork.model, on: samples)
    #expect(run.inputSpikes == lit * 12)
  }

  @Test func `parameters are those of the package`() {
    let metrics = metrics()
    #expect(metrics.parameterCount == 189)
    #expect(metrics.connectionSparsity == 0.5912)
  }

  @Test func `activity is that of the package`() {
    let metrics = metrics()
    let layers = metrics.activationSparsityByLayer
    #expect(layers.count == 4)
    #expect(isNear(layers["features"], 0.8625))
    #expect(isNear(layers["hidden"], 0.9277777777777778))
    #expect(isNear(layers["relay"], 0.95))
    #expect(isNear(layers["out"], 1))
    #expect(isNear(metrics.activationSparsity, 0.8907801418439717))
    #expect(isNear(metrics.classificationAccuracy, 0.4))
  }

  @Test func `operations of synapses are those of the package, behind pooling too`() {
    let operations = metrics().synapticOperations
    #expect(isNear(operations.effectiveACs, 610.4))
    #expect(isNear(operations.effectiveMACs, 154.8))
    #expect(isNear(operations.dense, 4416))
  }

  @Test func `updates and operations of neurons are those of the package`() {
    let metrics = metrics()
    #expect(isNear(metrics.membraneUpdates, 488.2))
    #expect(isNear(metrics.neuronOperations?.effective, 1996.8))
    #expect(isNear(metrics.neuronOperations?.dense, 2400))
    #expect(ChipMetrics.layersWithoutCounterpart(in: NeuroBenchNetwork.model).isEmpty)
  }

  @Test func `keys of operations are those of the package`() throws {
    let data = try JSONEncoder().encode(metrics())
    let keys = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let neurons = try #require(keys["NeuronOperations"] as? [String: Double])
    #expect(neurons.keys.sorted() == ["Effective Neuron Ops", "Neuron Dense Ops"])
    let synapses = try #require(keys["SynapticOperations"] as? [String: Double])
    #expect(synapses.keys.sorted() == ["Dense", "Effective_ACs", "Effective_MACs"])
    let layers = try #require(keys["ActivationSparsityByLayer"] as? [String: Double])
    #expect(layers.keys.sorted() == ["features", "hidden", "out", "relay"])
  }

  /// Changes of the hidden layer, and operations of one of its updates.
  private static let neurons: [(String, @Sendable (inout SpikingProgram) -> Void, Double?)] = [
    ("a soft reset", { $0.reset = .soft }, 4),
    ("a current and a hard reset", { $0.membrane.currentDecay = 0 }, 8),
    ("a current and a soft reset", { ($0.membrane.currentDecay, $0.reset) = (0, .soft) }, 6),
    ("no reset", { $0.reset = .none }, nil),
    ("a reset to another potential", { $0.resetPotential = NeuronValues(-1) }, nil),
    ("a refractory step", { $0.refractorySteps = 1 }, nil),
    ("adaptation", { $0.adaptation = .init(decay: 9, impulse: NeuronValues(1)) }, nil),
  ]

  @Test func `neurons without a counterpart leave the metric out and are named`() throws {
    for (name, change, price) in Self.neurons {
      var model = NeuroBenchNetwork.model
      guard case .spiking(var program) = model.layers[1].neurons else {
        Issue.record("hidden neurons do not spike")
        return
      }
      change(&program)
      model.layers[1].neurons = .spiking(program)
      let metrics = metrics(of: model)
      // Features, the readout and, with a current, the relays; then 6 neurons in 12 steps.
      let expected = price.map { (32 + 3) * 12 * 4 + 6 * 12 * 6 + 72 * $0 }
      #expect(metrics.neuronOperations?.dense == expected, "\(name)")
      #expect(
        ChipMetrics.layersWithoutCounterpart(in: model) == (price == nil ? ["hidden"] : []),
        "\(name)")
      let text = metrics.table(of: model).text
      #expect(text.contains("NeuronOperations") == (price != nil), "\(name)")
      let data = try JSONEncoder().encode(metrics)
      #expect(
        String(decoding: data, as: UTF8.self).contains("NeuronOperations") == (price != nil))
    }
  }
}
