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
  /// What intensities add to neurons in each step, where they act as a direct current.
  var drives: [[Int]]
  /// Rises of thresholds that outlive samples; 0 where there are none.
  var lastingRises: [[Int]]
  /// Spikes by neuron and class that labels have shown, `[neuron * classes + class]`.
  var assigned: [Int]
  /// How plastic neurons of the readout are, where it has weights of one bit.
  var plasticities: [Int16]
  /// Spikes of the sample by source, the input first, and step.
  var fired: [[[Int]]] = []
  /// Spikes of each neuron in the sample so far, where its rate is regularised.
  var spikeCounts: [[Int]]
  /// By layer and class: potentials of local readouts.
  var localPotentials: [[Int]]
  /// By layer with a signal program: errors of its neurons in this step.
  var layerErrors: [[Int]] = []
  /// By layer and neuron: random weights to the classes, where errors come along such.
  let feedbackRows: [[[Int]]]
  /// By layer: weights of 16 bits along which errors come back where such adapt,
  /// `[neuron * classes + class]`.
  var feedbackWeights: [[Int]]
  /// By layer: running means of rewards; 0 where there is none.
  var rewardMeans: [Int]
  var scores: [Int64] = []
  /// Chip steps from one logical step to the next: 1 where they overlap.
  var stepLength = 1

  // State of connections, by their position.
  /// Weights as they are kept: 16 bits where they learn, else those of inference.
  var weights: [[Int]]
  /// With weights of one bit spikes of the sample.
  var preTraces: [[Int]]
  /// What the second filter of a presynaptic trace takes in: traces with one filter.
  var firstTraces: [[Int]]
  /// Whether the connection has taken a spike of the source in this sample.
  var hasSpiked: [[Bool]]
  /// Traces of pseudo-derivatives, postsynaptic traces or activities, as the rule has it.
  var postTraces: [[Int]]
  /// Traces of programs, in the order of their declaration, by source or target.
  var traces: [[[Int]]]
  /// Tags of programs, `[source * targets + target]`.
  var tags: [[Int]]
  /// Sums of changes, `[source * targets + target]`, where three-factor learning has one.
  var sums: [[Int]]
  /// What an adaptive threshold takes off the presynaptic traces, by synapse as `sums`.
  var eligibility: [[Int]]

  /// How far a weight may be from the loaded model's at the end of a sample.
  package var driftMax: Int?
  /// Share of its distance from the loaded model that each weight loses at the end of a sample, in
  /// 65,536ths.
  package var pull = 0
  /// What is added to each weight at the end of a sample, in 65,536ths of a step, by learned block
  /// of weights; empty for nothing.
  package var corrections: [[Int32]] = []

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
    drives = zeros
    spikeCounts = zeros
    localPotentials = model.layers.map { _ in [Int](repeating: 0, count: model.classes) }
    feedbackWeights = model.layers.map { $0.feedbackWeights?.map(Int.init) ?? [] }
    rewardMeans = model.layers.map { Int($0.rewardMean?.mean ?? 0) }
    feedbackRows = model.layers.indices.map { model.feedbackRows(of: $0).map { $0.map(Int.init) } }
    lastingRises = model.layers.map { layer in
      layer.homeostasis?.rises.map(Int.init) ?? [Int](repeating: 0, count: layer.size)
    }
    assigned = model.layers.last?.assignment?.counts.map(Int.init) ?? []
    plasticities = model.layers.last?.plasticities ?? []
    weights = connections.map { index in
      switch model[index].weights {
      case .fixed(let weights): weights.map(Int.init)
      case .plastic(let weights, _, _): weights.map(Int.init)
      }
    }
    preTraces = connections.map { [Int](repeating: 0, count: model[$0].pooledSize) }
    firstTraces = preTraces
    hasSpiked = preTraces.map { $0.map { _ in false } }
    postTraces = connections.map { zeros[$0.layer] }
    traces = connections.map { index in
      (model[index].plasticity?.program?.traces ?? []).map { trace in
        let size = trace.name.isPresynaptic ? model[index].pooledSize : zeros[index.layer].count
        return [Int](repeating: 0, count: size)
      }
    }
    tags = connections.map { index in
      guard model[index].plasticity?.program?.hasTags == true else { return [] }
      return [Int](repeating: 0, count: model[index].weights.count)
    }
    sums = connections.map { index in
      guard case .threeFactor? = model[index].plasticity else { return [] }
      return [Int](repeating: 0, count: model[index].weights.count)
    }
    eligibility = sums
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
    show(encoded(intensities, sample: sample), lesson: nil)
  }

  /// Shows recorded input with fixed weights, one entry for each step of the model.
  package mutating func infer(_ input: SpikeTrains) -> Inference {
    precondition(model.input != .directCurrent, "recorded spikes for an input of direct current")
    return show(input, lesson: nil)
  }

  /// Shows one sample and learns from it, by all rules of the model.
  ///
  /// Three-factor learning needs the label; local rules use it for a teacher only. A model with a
  /// teacher, or whose weights change within samples, is shown the sample twice, with a label or
  /// without: first without learning, which is returned and counted as an inference; then it
  /// learns, which is what `record` and the counts of learning tell of. Else one showing is both. A
  /// teacher of mistakes leaves it at the first if the label was found.
  package mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int?, reward: Int32? = nil, seed: UInt64,
    ordinal: UInt64
  ) -> Inference {
    precondition(
      label != nil || !learnsFromLabels, "three-factor learning of `\(model.name)` needs a label")
    precondition(
      label.map { (0..<model.classes).contains($0) } ?? true,
      "label \(label ?? 0) of \(model.classes) classes")
    let input = encoded(intensities, sample: sample)
    var lesson = Lesson(
      label: label, reward: reward.map { max(-256, min(256, Int($0))) },
      random: CounterRandom(seed: seed, purpose: .rounding), ordinal: ordinal, seed: seed)
    guard model.layers.last?.teacher != nil || model.learnsWithinSamples else {
      return show(input, lesson: lesson)
    }
    let judged = show(input, lesson: nil)
    if model.layers.last?.teacher?.onMistakes == true, judged.label == label { return judged }
    lesson.decision = judged.label
    _ = show(input, lesson: lesson)
    return judged
  }

  /// The chip step in which a layer works on a logical step.
  func chipStep(_ step: Int, _ layer: Int) -> Int {
    step * stepLength + model.layers[layer].phase
  }

  /// Shows one sample with all else fixed, and counts its spikes for the label's class.
  ///
  /// The inference that is returned does not know the label.
  package mutating func assign(
    _ intensities: [UInt8], sample: UInt64, label: Int
  ) -> Inference {
    precondition(model.hasAssignment, "neurons of `\(model.name)` stand for no classes")
    precondition(
      (0..<model.classes).contains(label), "label \(label) of \(model.classes) classes")
    let random = CounterRandom(seed: 0, purpose: .rounding)
    return show(
      encoded(intensities, sample: sample),
      lesson: Lesson(label: label, random: random, ordinal: 0, onlyAssigns: true))
  }

  /// What a sample is learnt with.
  struct Lesson {
    let label: Int?
    /// In 1/256; nil before a label has judged the decision.
    var reward: Int?
    /// What was decided before the sample was learnt, where it was shown twice.
    var decision: Int?
    let random: CounterRandom
    let ordinal: UInt64
    /// Seed of the random numbers.
    var seed: UInt64 = 0
    /// Whether nothing is learnt but for which class neurons fire.
    var onlyAssigns = false
  }

  private mutating func show(_ input: SpikeTrains, lesson: Lesson?) -> Inference {
    precondition(
      input.sources == model.inputs && input.steps.count == model.steps,
      "\(input.steps.count) steps of \(input.sources) sources, expected \(model.steps) of "
        + "\(model.inputs)")
    rest()
    let waits = lesson != nil && learnsFromLabels
    let follows = lesson != nil && (finishesSamples || hasEndTerms)
    let overlaps = lesson == nil || !model.learnsWithinSamples
    stepLength = overlaps ? 1 : phaseMax + 2
    let chipSteps =
      overlaps ? model.steps + phaseMax + (waits ? 2 : follows ? 1 : 0) : model.steps * stepLength
    let lastChipStep = chipSteps - 1
    ledger.begin(chipSteps: chipSteps)
    if let reward = lesson?.reward { sendReward(reward, from: nil, chipStep: 0) }
    for step in 0..<model.steps {
      fired[0].append(input.steps[step].map(Int.init))
      send(fired[0][step], from: nil, chipStep: step * stepLength)
      for layer in model.layers.indices {
        let spikes = run(layer, step, label: lesson?.label)
        fired[layer + 1].append(spikes)
        send(spikes, from: layer, chipStep: chipStep(step, layer))
      }
      layerErrors = []
      var errors: [Int] = []
      if let lesson, !lesson.onlyAssigns {
        errors = learnFromLabel(step, lesson)
        learnLocally(step, lesson)
        raiseThresholds(step)
      }
      if isRecording { record.append(snapshot(step, errors)) }
    }
    scoreAssigned(chipStep: lastChipStep)
    let found = inference()
    if let lesson, !lesson.onlyAssigns {
      applySums(lesson, chipStep: lastChipStep)
      let judged = judged(lesson)
      finishPrograms(judged, chipStep: lastChipStep)
      followRewards(judged, chipStep: lastChipStep)
      learnByCompetition(lesson, chipStep: lastChipStep)
      normalise(lesson, chipStep: lastChipStep)
      lowerThresholds(lesson, chipStep: lastChipStep)
      correct(lesson, chipStep: lastChipStep)
      pullBack(lesson, chipStep: lastChipStep)
      cutDrift(chipStep: lastChipStep)
    }
    if let label = lesson?.label { assign(label, chipStep: lastChipStep) }
    ledger.end(isLearning: lesson != nil)
    return found
  }

  /// The lesson with its reward: by whether the decision is the label, where none was given.
  private mutating func judged(_ lesson: Lesson) -> Lesson {
    guard hasEndTerms, lesson.reward == nil, let label = lesson.label else { return lesson }
    let decision = lesson.decision ?? inference().label
    var judged = lesson
    judged.reward = decision == label ? 256 : -256
    let last = model.layers.count - 1
    sendReward(
      judged.reward ?? 0, from: coreOf[last][model.hasAssignment ? 0 : decision],
      chipStep: model.steps - 1 + model.layers[last].phase)
    return judged
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
        spikeCounts[layer][neuron] = 0
      }
      for number in localPotentials[layer].indices { localPotentials[layer][number] = 0 }
    }
    for position in connections.indices {
      for source in preTraces[position].indices {
        preTraces[position][source] = 0
        firstTraces[position][source] = 0
        hasSpiked[position][source] = false
      }
      for target in postTraces[position].indices { postTraces[position][target] = 0 }
      for place in eligibility[position].indices { eligibility[position][place] = 0 }
      traces[position] = traces[position].map { $0.map { _ in 0 } }
      tags[position] = tags[position].map { _ in 0 }
    }
    fired = [[[Int]]](repeating: [], count: model.layers.count + 1)
    scores = [Int64](repeating: 0, count: model.scoreCount)
    record = []
  }

  private func inference() -> Inference {
    Inference(
      scores: model.classScores(scores), inputSpikes: fired[0].reduce(0) { $0 + $1.count },
      layerSpikes: fired.dropFirst().map { $0.reduce(0) { $0 + $1.count } })
  }
}
