package import CompiledModel

/// A run's figures under the names and by the definitions of NeuroBench.
///
/// Workload metrics are means over samples. Where the chip leaves a choice: activations are those
/// of layers that can spike; a spike adds each of its weights, so all operations are accumulates,
/// those of summed windows too; a synapse is what the layout stores, so padding and missing pairs
/// of a sparse connection are in no figure.
package struct ChipMetrics: Codable, Sendable, Equatable {
  /// Operations of synapses for a sample.
  package struct SynapticOperations: Codable, Sendable, Equatable {
    /// Multiplications, of inputs that are no spikes: there are none on this chip.
    package var effectiveMACs: Double
    /// Additions of a weight that is not zero for a spike that arrives.
    package var effectiveACs: Double
    /// What all synapses would do if every source spiked in every step.
    package var dense: Double

    private enum CodingKeys: String, CodingKey {
      case effectiveMACs = "Effective_MACs"
      case effectiveACs = "Effective_ACs"
      case dense = "Dense"
    }
  }

  /// Updates of neurons for a sample.
  package struct NeuronOperations: Codable, Sendable, Equatable {
    /// Those where potential, current, input or bias is not zero.
    package var effective: Double
    /// Each neuron in each step.
    package var dense: Double

    private enum CodingKeys: String, CodingKey {
      case effective = "Effective"
      case dense = "Dense"
    }
  }

  /// A layer's share of silence.
  package struct LayerSparsity: Codable, Sendable, Equatable {
    /// Name of the layer.
    package var layer: String
    /// Share of its neurons and steps without a spike.
    package var sparsity: Double
  }

  /// Bytes of parameters and of state.
  package var footprint: Int
  /// Share of weights that are zero, to 4 decimals.
  package var connectionSparsity: Double
  /// Weights and biases.
  package var parameterCount: Int
  /// Share of neurons and steps without a spike.
  package var activationSparsity: Double
  /// The same for each layer that can spike.
  package var activationSparsityByLayer: [LayerSparsity]
  /// Operations of synapses for a sample.
  package var synapticOperations: SynapticOperations
  /// Potentials that changed from one step to the next, for a sample.
  package var membraneUpdates: Double
  /// Updates of neurons for a sample.
  package var neuronOperations: NeuronOperations
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

    let spiking = ProbedPopulation.all(of: model).indices.dropFirst().filter {
      ProbedPopulation.all(of: model)[$0].spikes
    }
    var (spikes, places): (UInt64, Int) = (0, 0)
    activationSparsityByLayer = []
    for population in spiking {
      let count = activity.spikes[population].reduce(0, +)
      let all = activity.spikes[population].count * model.steps * run.samples
      activationSparsityByLayer.append(
        LayerSparsity(
          layer: model.layers[population - 1].name, sparsity: Self.silence(count, of: all)))
      spikes += count
      places += all
    }
    activationSparsity = Self.silence(spikes, of: places)
    synapticOperations = SynapticOperations(
      effectiveMACs: 0,
      effectiveACs: Double(activity.effectiveOperations.reduce(0, +)) / samples,
      dense: Double(Self.synapses(of: model) * model.steps))
    membraneUpdates = Double(activity.membraneUpdates.reduce(0, +)) / samples
    neuronOperations = NeuronOperations(
      effective: Double(run.counts[EventKind.neuronUpdate.rawValue]) / samples,
      dense: Double(run.counts[EventKind.neuronAccess.rawValue]) / samples)
    classificationAccuracy = Double(run.correct) / samples
  }

  private static func silence(_ spikes: UInt64, of all: Int) -> Double {
    all == 0 ? 0 : (Double(all) - Double(spikes)) / Double(all)
  }

  /// The metrics as a table, a line for each figure.
  package var table: TextTable {
    var table = TextTable([.text("METRIC"), .number("VALUE"), .text("UNIT")])
    func add(_ name: String, _ value: Double, _ digits: Int, _ unit: String) {
      table.add([name, Figure.fixed(value, digits), unit])
    }
    table.add(["Footprint", "\(footprint)", "bytes of parameters and state"])
    add("ConnectionSparsity", connectionSparsity, 4, "of all weights")
    table.add(["ParameterCount", "\(parameterCount)", "weights and biases"])
    add("ClassificationAccuracy", classificationAccuracy, 4, "of all samples")
    add("ActivationSparsity", activationSparsity, 4, "of neurons and steps")
    for entry in activationSparsityByLayer {
      add("ActivationSparsityByLayer \(entry.layer)", entry.sparsity, 4, "of neurons and steps")
    }
    add("SynapticOperations Effective_MACs", synapticOperations.effectiveMACs, 1, "a sample")
    add("SynapticOperations Effective_ACs", synapticOperations.effectiveACs, 1, "a sample")
    add("SynapticOperations Dense", synapticOperations.dense, 1, "a sample")
    add("MembraneUpdates", membraneUpdates, 1, "a sample")
    add("NeuronOperations Effective", neuronOperations.effective, 1, "a sample")
    add("NeuronOperations Dense", neuronOperations.dense, 1, "a sample")
    return table
  }
}
