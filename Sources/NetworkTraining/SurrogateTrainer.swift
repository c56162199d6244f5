package import SpikingNetwork

/// Training at the desk by surrogate gradients: backpropagation through time over mini-batches.
///
/// The network is a chain: input, LIF populations, a leaky integrator with one neuron for each
/// class. The loss is the mean over the steps of the cross-entropy of softmax(output potential).
/// Same network, samples and settings give the same weights to the bit: sums have one order,
/// exponentials are computed here, and no machine contracts products and sums.
package struct SurrogateTrainer: Sendable {
  /// How the network is trained.
  package let settings: TrainingSettings
  /// Epochs that are done.
  package private(set) var epochsDone = 0

  private var described: SpikingNetwork
  private var chain: SpikingChain<Float>
  private var optimizer: AdamOptimizer
  private var trace: ChainTrace<Float>
  private var gradient: [[Float]]

  /// Starts from the network's own weights; throws if it is not such a chain.
  package init(
    network: SpikingNetwork, settings: TrainingSettings
  ) throws(TrainingError) {
    try settings.validate()
    self.settings = settings
    described = network
    chain = try Self.chain(network)
    chain.gamma = Float(settings.gamma)
    trace = ChainTrace(for: chain)
    gradient = chain.zeroGradient
    optimizer = AdamOptimizer(learningRate: settings.learningRate, shape: gradient)
  }

  /// The network with its weights as they are now.
  package var network: SpikingNetwork {
    var network = described
    chain.write(into: &network)
    return network
  }

  /// Trains for all epochs of `settings`; `progress` hears of each.
  package static func train(
    _ network: SpikingNetwork, on samples: LabelledSamples, settings: TrainingSettings,
    progress: (EpochReport) -> Void = { _ in }
  ) throws(TrainingError) -> SpikingNetwork {
    var trainer = try SurrogateTrainer(network: network, settings: settings)
    for _ in 0..<settings.epochs { progress(try trainer.trainEpoch(samples)) }
    return trainer.network
  }

  /// Shows each sample once, in a new order; throws if the samples do not fit or the loss diverges.
  package mutating func trainEpoch(
    _ samples: LabelledSamples
  ) throws(TrainingError) -> EpochReport {
    try TrainingError.check(samples, channels: chain.sampleSize, classes: chain.classes)
    let random = CounterRandom(seed: settings.seed, purpose: .training)
    let order = CounterRandom.permutation(
      of: samples.count, stream: random.stream(Self.orderStream, UInt64(epochsDone)))
    var tally = Tally()
    var start = 0
    while start < order.count {
      let batch = order[start..<min(start + settings.batchSize, order.count)]
      for position in batch {
        let sample = samples[position]
        chain.forward(sample, trace: &trace)
        chain.backward(trace: &trace, gradient: &gradient)
        tally.add(trace, label: sample.label)
      }
      optimizer.beginStep()
      for layer in gradient.indices {
        move(layer: layer, scale: 1 / Float(batch.count))
      }
      start += batch.count
    }
    epochsDone += 1
    optimizer.learningRate *= settings.learningRateDecay
    let count = Double(samples.count)
    guard tally.loss.isFinite, chain.isFinite else {
      throw .diverged(epoch: epochsDone, learningRate: settings.learningRate)
    }
    return EpochReport(
      epoch: epochsDone, loss: tally.loss / count, accuracy: Double(tally.correct) / count,
      spikesPerSample: Double(tally.spikes) / count)
  }

  /// Moves the weights of one layer, or what lies behind them.
  private mutating func move(layer: Int, scale: Float) {
    guard var latent = chain.layers[layer].latent.take() else {
      optimizer.move(
        layer: layer, weights: &chain.layers[layer].weights, gradient: &gradient[layer],
        scale: scale)
      return
    }
    optimizer.move(
      layer: layer, weights: &latent.values, gradient: &gradient[layer], scale: scale)
    latent.clip()
    latent.binarise(into: &chain.layers[layer].weights)
    chain.layers[layer].latent = latent
  }

  /// Classifies every sample without learning, in floating point.
  ///
  /// The chosen class has the largest sum of output potentials over the steps; of equals it is the
  /// lowest.
  package static func evaluate(
    _ network: SpikingNetwork, on samples: LabelledSamples
  ) throws(TrainingError) -> Evaluation {
    let chain = try chain(network)
    try TrainingError.check(samples, channels: chain.sampleSize, classes: chain.classes)
    var trace = ChainTrace(for: chain)
    var tally = Tally()
    var predictions: [Int] = []
    predictions.reserveCapacity(samples.count)
    for position in 0..<samples.count {
      let sample = samples[position]
      chain.forward(sample, trace: &trace)
      predictions.append(trace.prediction)
      tally.add(trace, label: sample.label)
    }
    let count = Double(samples.count)
    return Evaluation(
      predictions: predictions, correct: tally.correct, loss: tally.loss / count,
      spikesPerSample: Double(tally.spikes) / count)
  }

  /// Keeps the draws for the order of samples apart from other draws with the same seed.
  private static let orderStream: UInt64 = 1

  private struct Tally {
    var loss = 0.0
    var correct = 0
    var spikes = 0

    mutating func add(_ trace: ChainTrace<Float>, label: Int) {
      loss += trace.loss
      correct += trace.prediction == label ? 1 : 0
      spikes += trace.spikeCount
    }
  }

  private static func chain(
    _ network: SpikingNetwork
  ) throws(TrainingError) -> SpikingChain<Float> {
    do { return try SpikingChain<Float>(network) } catch { throw .network(error) }
  }
}

extension SpikingChain {
  /// Whether every weight is a finite number.
  var isFinite: Bool { layers.allSatisfy { $0.weights.allSatisfy(\.isFinite) } }
}
