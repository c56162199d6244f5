package import CompiledModel

/// A run's figures under the names and by the definitions of NeuroBench 2.3.
///
/// They are those of the network that a user of NeuroBench would write for the model, shown one
/// sample at a time: each connection a `Linear` or `Conv` without bias, behind a sum over windows
/// where it pools, and each layer a neuron of snnTorch; a readout is one whose threshold is out of
/// reach. `docs/ENERGY.md` has each definition, and where the footprint is the chip's own.
package struct ChipMetrics: Codable, Sendable, Equatable {
  /// Operations of synapses for a sample.
  package struct SynapticOperations: Codable, Sendable, Equatable {
    /// Inputs times weights, neither of them zero, of connections and steps in which a pooled
    /// window holds several spikes.
    package var effectiveMACs: Double
    /// The same of all other connections and steps.
    package var effectiveACs: Double
    /// What all synapses would do if every source spiked in every step.
    package var dense: Double

    private enum CodingKeys: String, CodingKey {
      case effectiveMACs = "Effective_MACs"
      case effectiveACs = "Effective_ACs"
      case dense = "Dense"
    }
  }

  /// Operations of neurons for a sample.
  package struct NeuronOperations: Codable, Sendable, Equatable {
    /// Membrane updates, each times the operations of its layer's neuron.
    package var effective: Double
    /// Neurons and steps, each times the operations of its layer's neuron.
    package var dense: Double

    private enum CodingKeys: String, CodingKey {
      case effective = "Effective Neuron Ops"
      case dense = "Neuron Dense Ops"
    }
  }

  /// Bytes of parameters and of state.
  package var footprint: Int
  /// Share of weights that are zero, to 4 decimals.
  package var connectionSparsity: Double
  /// Weights and biases.
  package var parameterCount: Int
  /// Share of neurons and steps without a spike.
  package var activationSparsity: Double
  /// The same by name of the layer.
  package var activationSparsityByLayer: [String: Double]
  /// Operations of synapses for a sample.
  package var synapticOperations: SynapticOperations
  /// All potentials in the first step and those that changed in a later one, for a sample.
  package var membraneUpdates: Double
  /// Operations of neurons for a sample; nil where neurons of a layer have no counterpart.
  package var neuronOperations: NeuronOperations?
  /// Share of right labels.
  package var classificationAccuracy: Double

  private enum CodingKeys: String, CodingKey {
    case footprint = "Footprint"
    case connectionSparsity = "ConnectionSparsity"
    case parameterCount = "ParameterCount"
    case activationSparsity = "ActivationSparsity"
    case activationSparsityByLayer = "ActivationSparsityByLayer"
    case synapticOperations = "SynapticOperations"
    case membraneUpdates = "MembraneUpdates"
    case neuronOperations = "NeuronOperations"
    case classificationAccuracy = "ClassificationAccuracy"
  }

  /// The metrics of a run whose activity was observed.
  package init(_ model: CompiledModel, of run: ParallelEvaluation) {
    guard let activity = run.activity else {
      preconditionFailure("metrics of a run without counts of activity")
    }
    let samples = Double(max(1, run.samples))
    footprint = Self.footprintBytes(of: model)
    connectionSparsity = Self.connectionSparsity(of: model)
    parameterCount = Self.parameterCount(of: model)

    var (spikes, places): (UInt64, Int) = (0, 0)
    activationSparsityByLayer = [:]
    for (layer, counts) in zip(model.layers, activity.spikes.dropFirst()) {
      let count = counts.reduce(0, +)
      let all = layer.size * model.steps * run.samples
      activationSparsityByLayer[layer.name] = Self.silence(count, of: all)
      spikes += count
      places += all
    }
    activationSparsity = Self.silence(spikes, of: places)
    let operations = activity.operations
    synapticOperations = SynapticOperations(
      effectiveMACs: Double(operations.reduce(0) { $0 + $1.multiplyAccumulates }) / samples,
      effectiveACs: Double(operations.reduce(0) { $0 + $1.accumulates }) / samples,
      dense: Double(Self.synapses(of: model) * model.steps))
    membraneUpdates = Double(activity.membraneUpdates.reduce(0, +)) / samples
    neuronOperations = Self.neuronOperations(
      of: model, updates: activity.membraneUpdates.map { Double($0) / samples })
    classificationAccuracy = Double(run.correct) / samples
  }

  private static func silence(_ spikes: UInt64, of all: Int) -> Double {
    all == 0 ? 0 : (Double(all) - Double(spikes)) / Double(all)
  }

  /// The metrics of a model as a table, a line for each figure.
  package func table(of model: CompiledModel) -> TextTable {
    var table = TextTable([.text("METRIC"), .number("VALUE"), .text("UNIT")])
    func add(_ name: String, _ value: Double, _ digits: Int, _ unit: String) {
      table.add([name, Figure.fixed(value, digits), unit])
    }
    table.add(["Footprint", "\(footprint)", "bytes of parameters and state"])
    add("ConnectionSparsity", connectionSparsity, 4, "of all weights")
    table.add(["ParameterCount", "\(parameterCount)", "weights and biases"])
    add("ClassificationAccuracy", classificationAccuracy, 4, "of all samples")
    add("ActivationSparsity", activationSparsity, 4, "of neurons and steps")
    for layer in model.layers {
      guard let sparsity = activationSparsityByLayer[layer.name] else { continue }
      add("ActivationSparsityByLayer \(layer.name)", sparsity, 4, "of neurons and steps")
    }
    add("SynapticOperations Effective_MACs", synapticOperations.effectiveMACs, 1, "a sample")
    add("SynapticOperations Effective_ACs", synapticOperations.effectiveACs, 1, "a sample")
    add("SynapticOperations Dense", synapticOperations.dense, 1, "a sample")
    add("MembraneUpdates", membraneUpdates, 1, "a sample")
    if let neuronOperations {
      add("NeuronOperations Effective Neuron Ops", neuronOperations.effective, 1, "a sample")
      add("NeuronOperations Neuron Dense Ops", neuronOperations.dense, 1, "a sample")
    }
    return table
  }
}
