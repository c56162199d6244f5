package import CompiledModel
import SpikingNetwork

/// The simulated chip: runs a compiled model in integers, learns, counts events and time.
///
/// The same model, inputs and seeds give the same results and counts on every machine. One thread
/// at a time; a copy is another chip in the same state.
package struct Accelerator: Sendable {
  private let model: CompiledModel
  private let encoder: BernoulliEncoder
  private let inputRoutes: CoreRoutes
  var layers: [LayerState]
  var ledger: Ledger
  var inputSpikes: [Int32] = []
  private var scores: [Int64]
  private var readoutErrors: ReadoutErrors?

  /// Events of `infer`, by the raw value of their kind, since the start.
  package private(set) var inferenceCounts: [UInt64]
  /// Events of `learn` and `present`, their forward passes among them.
  package private(set) var learningCounts: [UInt64]
  /// Modelled time of `infer` in picoseconds.
  package private(set) var inferencePicoseconds: UInt64 = 0
  /// Modelled time of `learn` and `present` in picoseconds.
  package private(set) var learningPicoseconds: UInt64 = 0
  /// Potentials, signals and weights that met the end of their range.
  package internal(set) var saturations: UInt64 = 0

  /// Loads a model, which must be valid: compiled, or read from bytes.
  package init(_ model: CompiledModel) {
    do { try model.validate() } catch {
      preconditionFailure("a model that was not checked: \(error)")
    }
    self.model = model
    switch model.input {
    case .bernoulli(let seed): encoder = BernoulliEncoder(seed: seed)
    }
    let shares = CoreShare.shares(of: model)
    inputRoutes = CoreRoutes(
      from: model.port.column, model.port.row, to: model.cores.prefix { $0.layer == 0 })
    layers = model.layers.indices.map { index in
      var isMirrored = false
      if index > 0, case .threeFactor? = model.layers[index - 1].connection.plasticity {
        isMirrored = true
      }
      return LayerState(model.layers[index], shares: shares[index], isMirrored: isMirrored)
    }
    ledger = Ledger(model)
    scores = [Int64](repeating: 0, count: model.classes)
    if case .readout(let program)? = model.layers.last?.neurons,
      model.classes <= CompiledModel.classesMax
    {
      readoutErrors = ReadoutErrors(program, classes: model.classes)
    }
    inferenceCounts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    learningCounts = inferenceCounts
  }

  /// Shows one sample with fixed weights.
  ///
  /// `intensities` has one value a channel; spikes depend on `sample`, its id in the data set.
  package mutating func infer(_ intensities: [UInt8], sample: UInt64) -> Inference {
    begin(intensities, extraSteps: 0)
    for step in 0..<model.steps { forward(intensities, sample: sample, step: step) }
    inferencePicoseconds += ledger.picoseconds()
    Self.add(ledger.counts, to: &inferenceCounts)
    return inference()
  }

  /// Shows one sample with its label, then changes the weights by the three-factor rule.
  ///
  /// The inference is of the weights before this sample. Stochastic rounding draws from `seed` (of
  /// the node) and `ordinal` (of the sample in its training): give each pair to one sample only.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int, seed: UInt64, ordinal: UInt64
  ) -> Inference {
    precondition(
      (0..<model.classes).contains(label), "label \(label) of \(model.classes) classes")
    guard var errors = readoutErrors else {
      preconditionFailure("model `\(model.name)` has no readout; use `present`")
    }
    begin(intensities, extraSteps: 2)
    for step in 0..<model.steps {
      forward(intensities, sample: sample, step: step, isLearning: true)
      errors.update(potentials: layers[layers.count - 1].potentials, label: label)
      accumulate(errors.errors, step: step)
    }
    readoutErrors = errors
    let result = inference()
    applySums(seed: seed, ordinal: ordinal, step: model.steps + lastPhase + 1)
    learningPicoseconds += ledger.picoseconds()
    Self.add(ledger.counts, to: &learningCounts)
    return result
  }

  /// Shows one sample and changes the weights by pair STDP at each spike, without a label.
  ///
  /// `seed` and `ordinal` as for `learn`.
  package mutating func present(
    _ intensities: [UInt8], sample: UInt64, seed: UInt64, ordinal: UInt64
  ) -> Inference {
    begin(intensities, extraSteps: 0)
    let random = CounterRandom(seed: seed, purpose: .rounding)
    for step in 0..<model.steps {
      forward(intensities, sample: sample, step: step)
      for index in layers.indices {
        guard case .pairSTDP(let rule)? = layers[index].plasticity else { continue }
        pairSTDP(index, rule, step: step, random: random, ordinal: ordinal)
      }
    }
    learningPicoseconds += ledger.picoseconds()
    Self.add(ledger.counts, to: &learningCounts)
    return inference()
  }

  /// Events since the start, by the raw value of their kind.
  package var counts: [UInt64] { zip(inferenceCounts, learningCounts).map { $0 + $1 } }

  /// Modelled time since the start in nanoseconds.
  package var chipNanoseconds: Double {
    Double(inferencePicoseconds + learningPicoseconds) / 1000
  }

  /// Learning weights as they are now, one array for each plastic layer.
  package var plasticWeights: [[Int16]] {
    layers.filter { $0.plasticity != nil }.map(\.learningWeights)
  }

  /// The loaded model with the learning weights as they are now.
  package var learntModel: CompiledModel { model.replacingPlasticWeights(plasticWeights) }

  /// Puts other learning weights in; counts and range as for `replacingPlasticWeights`.
  package mutating func load(plasticWeights: [[Int16]]) {
    let checked = model.replacingPlasticWeights(plasticWeights)
    for (index, weights) in zip(model.plasticLayers, checked.plasticWeights) {
      layers[index].learningWeights = weights
      layers[index].weights = weights.map(ChipArithmetic.inferenceWeight)
    }
  }

  /// Potentials of a layer's neurons at the end of the last sample.
  package func potentials(layer: Int) -> [Int32] { layers[layer].potentials }

  var lastPhase: Int { layers[layers.count - 1].phase }

  private mutating func begin(_ intensities: [UInt8], extraSteps: Int) {
    precondition(
      intensities.count == model.inputs,
      "\(intensities.count) intensities for \(model.inputs) channels")
    for index in layers.indices { layers[index].rest() }
    for index in scores.indices { scores[index] = 0 }
    inputSpikeCount = 0
    ledger.begin(chipSteps: model.steps + lastPhase + extraSteps)
  }

  private var inputSpikeCount = 0

  /// One logical step through all layers.
  private mutating func forward(
    _ intensities: [UInt8], sample: UInt64, step: Int, isLearning: Bool = false
  ) {
    encoder.encode(intensities, sample: sample, step: step, into: &inputSpikes)
    inputSpikeCount += inputSpikes.count
    ledger.count(.message, inputSpikes.count * inputRoutes.destinations)
    ledger.count(.hopHorizontal, inputSpikes.count * inputRoutes.horizontal)
    ledger.count(.hopVertical, inputSpikes.count * inputRoutes.vertical)
    for index in layers.indices {
      let sources = index == 0 ? inputSpikes : layers[index - 1].spikes
      run(index, sources, step: step, isLearning: isLearning)
    }
    let last = layers.count - 1
    if case .readout = layers[last].neurons {
      for index in scores.indices { scores[index] += Int64(layers[last].potentials[index]) }
    } else {
      for neuron in layers[last].spikes { scores[Int(neuron)] += 1 }
    }
  }

  private mutating func run(_ index: Int, _ sources: [Int32], step: Int, isLearning: Bool) {
    layers[index].integrate(sources)
    layers[index].spikes.removeAll(keepingCapacity: true)
    let at = step + layers[index].phase
    for share in layers[index].shares {
      let before = layers[index].spikes.count
      let tally: NeuronTally
      switch layers[index].neurons {
      case .spiking(let program):
        var rule: ThreeFactorProgram?
        if isLearning, case .threeFactor(let program)? = layers[index].plasticity { rule = program }
        tally = layers[index].update(share.neurons, program, psi: rule)
      case .readout(let program):
        tally = layers[index].integratePotentials(
          share.neurons, decay: program.decay, bias: program.bias)
      }
      saturations += UInt64(tally.saturations)
      let spikes = layers[index].spikes.count - before
      let core = share.core
      ledger.receive(sources.count, core: core, step: at)
      ledger.count(.synapticOperation, sources.count * share.neurons.count, core: core, step: at)
      ledger.count(.neuronAccess, share.neurons.count, core: core, step: at)
      ledger.count(.neuronUpdate, tally.updates, core: core, step: at)
      ledger.count(.spike, spikes, core: core, step: at)
      ledger.count(.message, spikes * share.forward.destinations, core: core, step: at)
      ledger.count(.hopHorizontal, spikes * share.forward.horizontal)
      ledger.count(.hopVertical, spikes * share.forward.vertical)
    }
    layers[index].spikeCount += layers[index].spikes.count
  }

  private func inference() -> Inference {
    Inference(
      scores: scores, inputSpikes: inputSpikeCount, layerSpikes: layers.map(\.spikeCount))
  }

  private static func add(_ counts: [UInt64], to sums: inout [UInt64]) {
    for index in sums.indices { sums[index] &+= counts[index] }
  }
}
