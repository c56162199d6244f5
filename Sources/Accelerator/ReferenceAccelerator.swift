package import CompiledModel
import SpikingNetwork

/// The chip's definition in plain loops: slow, and the judge of `Accelerator`, bit for bit.
///
/// Equations are those of `docs/CHIP.md`. It counts each event where it happens and records what
/// each neuron did; modelled time is the ledger's business and is left out.
package struct ReferenceAccelerator {
  /// What one layer did in one step of the last sample.
  package struct StepRecord: Sendable, Equatable {
    /// Logical step.
    package let step: Int
    /// Index of the layer.
    package let layer: Int
    /// Neurons that fired, rising.
    package let spikes: [Int]
    /// Potentials after the reset.
    package let potentials: [Int]
  }

  let model: CompiledModel
  /// Learning weights, `[layer][source * size + target]`; empty for fixed layers.
  var learningWeights: [[Int]]
  var counts: [UInt64]
  var sources: [[Int]] = []
  var psi: [[Int]]
  var psiTraces: [[Int]]
  var preTraces: [[Int: Int]]
  var postTraces: [[Int]]
  var sums: [[Int: Int]]
  private var inputSpikes = 0
  private var refractoryLeft: [[Int]]
  private(set) var potentials: [[Int]]
  /// What happened in the last sample, by step, then by layer.
  package private(set) var record: [StepRecord] = []

  /// Loads a valid model.
  package init(_ model: CompiledModel) {
    self.model = model
    let zeros = model.layers.map { [Int](repeating: 0, count: $0.size) }
    learningWeights = model.layers.map { layer in
      if case .plastic(let weights, _, _) = layer.connection.weights {
        return weights.map(Int.init)
      }
      return []
    }
    counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    psi = zeros
    psiTraces = zeros
    postTraces = zeros
    refractoryLeft = zeros
    potentials = zeros
    preTraces = model.layers.map { _ in [:] }
    sums = preTraces
  }

  /// Shows one sample with fixed weights.
  package mutating func infer(_ intensities: [UInt8], sample: UInt64) -> Inference {
    rest()
    count(.step, model.steps + model.layers.count - 1)
    for step in 0..<model.steps { forward(intensities, sample, step) }
    return inference()
  }

  /// As `Accelerator.learn`.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int, seed: UInt64, ordinal: UInt64
  ) -> Inference {
    rest()
    count(.step, model.steps + model.layers.count + 1)
    for step in 0..<model.steps {
      forward(intensities, sample, step)
      accumulate(errors(label: label))
    }
    let result = inference()
    applySums(seed: seed, ordinal: ordinal)
    return result
  }

  /// As `Accelerator.present`.
  package mutating func present(
    _ intensities: [UInt8], sample: UInt64, seed: UInt64, ordinal: UInt64
  ) -> Inference {
    rest()
    count(.step, model.steps + model.layers.count - 1)
    for step in 0..<model.steps {
      forward(intensities, sample, step)
      for layer in model.layers.indices { pairSTDP(layer, step, seed: seed, ordinal: ordinal) }
    }
    return inference()
  }

  /// Learning weights of each plastic layer.
  package var plasticWeights: [[Int16]] {
    model.plasticLayers.map { learningWeights[$0].map { Int16($0) } }
  }

  /// Events since the start, by the raw value of their kind.
  package var eventCounts: [UInt64] { counts }

  /// The weight that inference uses.
  func weight(_ layer: Int, _ source: Int, _ target: Int) -> Int {
    let index = source * model.layers[layer].size + target
    switch model.layers[layer].connection.weights {
    case .fixed(let weights):
      return Int(weights[index])
    case .plastic:
      let rounded = (learningWeights[layer][index] + 128) >> 8
      return max(-127, min(127, rounded))
    }
  }

  mutating func count(_ kind: EventKind, _ number: Int) {
    counts[kind.rawValue] += UInt64(number)
  }

  /// The tile of the core that holds a neuron.
  func tile(_ layer: Int, _ neuron: Int) -> CompiledModel.MeshPlace {
    for core in model.cores where core.layer == layer {
      if neuron >= core.firstNeuron, neuron < core.firstNeuron + core.neuronCount {
        return CompiledModel.MeshPlace(column: core.column, row: core.row)
      }
    }
    preconditionFailure("neuron \(neuron) of layer \(layer) is on no core")
  }

  /// One message of a kind from a tile to every core of a layer.
  mutating func multicast(
    _ kind: EventKind, from place: CompiledModel.MeshPlace, toLayer layer: Int
  ) {
    for core in model.cores where core.layer == layer {
      count(kind, 1)
      count(.hopHorizontal, abs(core.column - place.column))
      count(.hopVertical, abs(core.row - place.row))
    }
  }

  private mutating func rest() {
    for layer in model.layers.indices {
      for neuron in 0..<model.layers[layer].size {
        potentials[layer][neuron] = 0
        refractoryLeft[layer][neuron] = 0
        psiTraces[layer][neuron] = 0
        postTraces[layer][neuron] = 0
      }
      preTraces[layer] = [:]
    }
    record = []
    inputSpikes = 0
  }

  private mutating func forward(_ intensities: [UInt8], _ sample: UInt64, _ step: Int) {
    var spikes: [Int32] = []
    switch model.input {
    case .bernoulli(let seed):
      BernoulliEncoder(seed: seed).encode(intensities, sample: sample, step: step, into: &spikes)
    }
    inputSpikes += spikes.count
    sources = [spikes.map(Int.init)]
    for _ in spikes { multicast(.message, from: model.port, toLayer: 0) }
    for layer in model.layers.indices {
      let fired = run(layer, sources[layer])
      record.append(
        StepRecord(step: step, layer: layer, spikes: fired, potentials: potentials[layer]))
      sources.append(fired)
    }
  }

  private mutating func run(_ layer: Int, _ spikes: [Int]) -> [Int] {
    let neurons = model.layers[layer].neurons
    let limit = Int(ChipArithmetic.potentialLimit)
    var fired: [Int] = []
    for neuron in 0..<model.layers[layer].size {
      var input = 0
      for source in spikes {
        input += weight(layer, source, neuron)
        count(.synapticOperation, 1)
      }
      count(.neuronAccess, 1)
      let old = potentials[layer][neuron]
      if old != 0 || input != 0 || neurons.bias != 0 { count(.neuronUpdate, 1) }
      let size = (abs(old) * Int(neurons.decay)) >> 12
      let sum = (old < 0 ? -size : size) + input * 64 + Int(neurons.bias)
      let potential = max(-limit, min(limit, sum))
      guard case .spiking(let program) = neurons else {
        potentials[layer][neuron] = potential
        continue
      }
      if refractoryLeft[layer][neuron] > 0 {
        refractoryLeft[layer][neuron] -= 1
        psi[layer][neuron] = 0
        continue
      }
      potentials[layer][neuron] = potential
      psi[layer][neuron] = pseudoDerivative(layer, potential, threshold: Int(program.threshold))
      guard potential > Int(program.threshold) else { continue }
      fired.append(neuron)
      count(.spike, 1)
      refractoryLeft[layer][neuron] = Int(program.refractorySteps)
      switch program.reset {
      case .none: break
      case .soft: potentials[layer][neuron] = potential - Int(program.threshold)
      case .hard: potentials[layer][neuron] = Int(program.resetPotential)
      }
      multicast(.message, from: tile(layer, neuron), toLayer: layer + 1)
    }
    return fired
  }

  private func pseudoDerivative(_ layer: Int, _ potential: Int, threshold: Int) -> Int {
    guard case .threeFactor(let rule)? = model.layers[layer].connection.plasticity else { return 0 }
    let height = max(0, threshold - abs(potential - threshold))
    return (height * Int(rule.psiMultiplier)) >> Int(rule.psiShift)
  }

  private func inference() -> Inference {
    let last = model.layers.count - 1
    var scores = [Int64](repeating: 0, count: model.classes)
    var totals = [Int](repeating: 0, count: model.layers.count)
    for entry in record {
      totals[entry.layer] += entry.spikes.count
      guard entry.layer == last else { continue }
      for neuron in scores.indices {
        scores[neuron] +=
          model.hasReadout
          ? Int64(entry.potentials[neuron]) : (entry.spikes.contains(neuron) ? 1 : 0)
      }
    }
    return Inference(scores: scores, inputSpikes: inputSpikes, layerSpikes: totals)
  }
}
