package import CompiledModel
package import SpikingNetwork

/// The chip's definition in plain loops: slow, and the judge of `Accelerator`, bit for bit.
///
/// Rules are those of `docs/CHIP.md`, one statement for each; each event is counted where it
/// happens.
package struct ReferenceAccelerator {
  let model: CompiledModel
  /// All connections; positions in it are what random draws are keyed by.
  let connections: [CompiledModel.ConnectionIndex]
  /// By connection: who reaches whom.
  let synapses: [ReferenceSynapses]
  /// By layer and neuron: the core that holds it.
  let coreOf: [[Int]]
  /// By source layer, the input first, and neuron: the cores that take its spikes, rising.
  package let destinations: [[[Int]]]

  // State of neurons, by layer.
  var potentials: [[Int]]
  var currents: [[Int]]
  var rises: [[Int]]
  var psi: [[Int]]
  var refractoryLeft: [[Int]]
  /// Spikes of the sample by source, the input first, and step.
  var fired: [[[Int]]] = []
  var scores: [Int64] = []

  // State of connections, by their position.
  /// Weights as they are kept: 16 bits where they learn, else those of inference.
  var weights: [[Int]]
  var preTraces: [[Int]]
  /// Whether the connection has taken a spike of the source in this sample.
  var hasSpiked: [[Bool]]
  /// Traces of pseudo-derivatives, postsynaptic traces or activities, as the rule has it.
  var postTraces: [[Int]]
  /// Sums of changes, `[source * targets + target]`, where three-factor learning has one.
  var sums: [[Int]]

  var ledger: ReferenceLedger
  /// Values that met the end of their range since the start.
  package var saturations: UInt64 = 0
  /// Whether `record` is written.
  package var isRecording = false
  /// What happened in the last sample, by step.
  package var record: [ReferenceRecord] = []

  /// Loads a valid model.
  package init(_ model: CompiledModel) {
    self.model = model
    connections = model.connections
    synapses = connections.map { index in
      ReferenceSynapses(model[index], layer: index.layer, of: model)
    }
    coreOf = model.layers.indices.map { layer in
      (0..<model.layers[layer].size).map { neuron in
        model.cores.firstIndex { $0.layer == layer && $0.neurons.contains(neuron) } ?? -1
      }
    }
    destinations = Self.destinations(model, synapses)
    let zeros = model.layers.map { [Int](repeating: 0, count: $0.size) }
    potentials = zeros
    currents = zeros
    rises = zeros
    psi = zeros
    refractoryLeft = zeros
    weights = connections.map { index in
      switch model[index].weights {
      case .fixed(let weights): weights.map(Int.init)
      case .plastic(let weights, _, _): weights.map(Int.init)
      }
    }
    preTraces = connections.map { [Int](repeating: 0, count: model[$0].pooledSize) }
    hasSpiked = preTraces.map { $0.map { _ in false } }
    postTraces = connections.map { zeros[$0.layer] }
    sums = connections.map { index in
      guard case .threeFactor? = model[index].plasticity else { return [] }
      return [Int](repeating: 0, count: model[index].weights.count)
    }
    ledger = ReferenceLedger(model)
  }

  private static func destinations(
    _ model: CompiledModel, _ synapses: [ReferenceSynapses]
  ) -> [[[Int]]] {
    let sources = [nil] + model.layers.indices.map { Int?($0) }
    return sources.map { source in
      let size = source.map { model.layers[$0].size } ?? model.inputs
      return (0..<size).map { neuron in
        model.cores.indices.filter { core in
          zip(model.connections, synapses).contains { index, synapses in
            guard model[index].source == source,
              let row = model[index].row(of: neuron)
            else { return false }
            return synapses.fanOut[row][core] > 0
          }
        }
      }
    }
  }

  /// Shows one sample with fixed weights.
  package mutating func infer(_ intensities: [UInt8], sample: UInt64) -> Inference {
    infer(encoded(intensities, sample: sample))
  }

  /// Shows recorded input with fixed weights, one entry for each step of the model.
  package mutating func infer(_ input: SpikeTrains) -> Inference {
    show(input, lesson: nil)
  }

  /// Shows one sample and learns from it, by all rules of the model.
  ///
  /// Three-factor learning needs the label; local rules use it for a teacher only. A model with a
  /// teacher is shown the sample twice, with a label or without: first without learning, which is
  /// returned and counted as an inference; then it learns, which is what `record` and the counts
  /// of learning tell of. Without a teacher one showing is both.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int?, seed: UInt64, ordinal: UInt64
  ) -> Inference {
    precondition(
      label != nil || !learnsFromLabels, "three-factor learning of `\(model.name)` needs a label")
    precondition(
      label.map { (0..<model.classes).contains($0) } ?? true,
      "label \(label ?? 0) of \(model.classes) classes")
    let input = encoded(intensities, sample: sample)
    let lesson = Lesson(
      label: label, random: CounterRandom(seed: seed, purpose: .rounding), ordinal: ordinal)
    guard model.layers.last?.teacher != nil else { return show(input, lesson: lesson) }
    let judged = show(input, lesson: nil)
    _ = show(input, lesson: lesson)
    return judged
  }

  /// What a sample is learnt with.
  struct Lesson {
    let label: Int?
    let random: CounterRandom
    let ordinal: UInt64
  }

  private func encoded(_ intensities: [UInt8], sample: UInt64) -> SpikeTrains {
    precondition(
      intensities.count == model.inputs, "\(intensities.count) of \(model.inputs) intensities")
    guard case .bernoulli(let seed) = model.input else { preconditionFailure("no such input") }
    let encoder = BernoulliEncoder(seed: seed)
    var steps: [[Int32]] = []
    for step in 0..<model.steps {
      var spikes: [Int32] = []
      encoder.encode(intensities, sample: sample, step: step, into: &spikes)
      steps.append(spikes)
    }
    return SpikeTrains(sources: model.inputs, steps: steps)
  }

  private mutating func show(_ input: SpikeTrains, lesson: Lesson?) -> Inference {
    precondition(
      input.sources == model.inputs && input.steps.count == model.steps,
      "\(input.steps.count) steps of \(input.sources) sources, expected \(model.steps) of "
        + "\(model.inputs)")
    rest()
    let waits = lesson != nil && learnsFromLabels
    let lastChipStep = model.steps + phaseMax + (waits ? 1 : -1)
    ledger.begin(chipSteps: lastChipStep + 1)
    for step in 0..<model.steps {
      fired[0].append(input.steps[step].map(Int.init))
      send(fired[0][step], from: nil, chipStep: step)
      for layer in model.layers.indices {
        let spikes = run(layer, step, label: lesson?.label)
        fired[layer + 1].append(spikes)
        send(spikes, from: layer, chipStep: step + model.layers[layer].phase)
      }
      var errors: [Int] = []
      if let lesson {
        errors = learnFromLabel(step, lesson)
        learnLocally(step, lesson)
      }
      if isRecording { record.append(snapshot(step, errors)) }
    }
    if let lesson { applySums(lesson, chipStep: lastChipStep) }
    ledger.end(isLearning: lesson != nil)
    return inference()
  }

  /// State at the start of a sample: all zero.
  mutating func rest() {
    for layer in model.layers.indices {
      for neuron in 0..<model.layers[layer].size {
        potentials[layer][neuron] = 0
        currents[layer][neuron] = 0
        rises[layer][neuron] = 0
        psi[layer][neuron] = 0
        refractoryLeft[layer][neuron] = 0
      }
    }
    for position in connections.indices {
      for source in preTraces[position].indices {
        preTraces[position][source] = 0
        hasSpiked[position][source] = false
      }
      for target in postTraces[position].indices { postTraces[position][target] = 0 }
    }
    fired = [[[Int]]](repeating: [], count: model.layers.count + 1)
    scores = [Int64](repeating: 0, count: model.classes)
    record = []
  }

  private func inference() -> Inference {
    Inference(
      scores: scores, inputSpikes: fired[0].reduce(0) { $0 + $1.count },
      layerSpikes: fired.dropFirst().map { $0.reduce(0) { $0 + $1.count } })
  }
}
