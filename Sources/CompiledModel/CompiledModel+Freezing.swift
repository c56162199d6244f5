extension CompiledModel {
  /// The same model in which the blocks of learned state with these numbers stay as they are.
  ///
  /// Connections become fixed ones with the weights that inference sees, and nothing is spent on
  /// their learning; rises of thresholds stay, while an assignment and adaptive feedback go on,
  /// the latter as long as its layer learns. Positions of
  /// connections stay, and so do the draws of those that still learn.
  package func freezing(_ numbers: Set<UInt32>) -> CompiledModel {
    var model = self
    for block in learnedBlocks where numbers.contains(block.number) {
      switch block.kind {
      case .weights(let index):
        model[index].weights = .fixed(self[index].inferenceWeights)
        model[index].precision = .int8
        model[index].normalisation = nil
        model.layers[index.layer].plasticities = nil
      case .thresholds(let layer): model.layers[layer].neurons.holdThresholds()
      case .assignment, .feedback, .plasticity: break
      case .reward(let layer): model.layers[layer].rewardMean?.rate = 0
      }
    }
    for layer in model.layers.indices {
      let rules = model.layers[layer].connections.compactMap(\.plasticity)
      if !rules.contains(where: { !$0.isLocal }) {
        model.layers[layer].neurons.stopLearning()
        model.layers[layer].signal = nil
      }
      if !rules.contains(where: \.isLocal) { model.layers[layer].teacher = nil }
      if !model.readsReward(layer) { model.layers[layer].rewardMean = nil }
    }
    return model
  }

  /// The state of this model's blocks after a model that `freezing` made of it has learnt.
  ///
  /// Blocks of `numbers`, those that were frozen, are as they were deployed.
  package func learnedState(
    after frozen: CompiledModel, _ state: [[Int16]], freezing numbers: Set<UInt32>
  ) -> [[Int16]] {
    let learnt = frozen.learnedBlocks.map(\.number)
    return zip(learnedBlocks, learnedState).map { block, deployed in
      guard !numbers.contains(block.number), let place = learnt.firstIndex(of: block.number) else {
        return deployed
      }
      return state[place]
    }
  }
}

extension LearnedBlock {
  /// The layer whose learning changes it.
  package var layer: Int {
    switch kind {
    case .weights(let index): index.layer
    case .thresholds(let layer), .assignment(let layer), .feedback(let layer),
      .plasticity(let layer), .reward(let layer):
      layer
    }
  }
}

extension NeuronProgram {
  /// Keeps the rises of thresholds that outlive samples as they are.
  fileprivate mutating func holdThresholds() {
    guard case .spiking(var program) = self else { return }
    program.homeostasis?.impulse = 0
    program.homeostasis?.decay = 0
    self = .spiking(program)
  }

  /// Drops what three-factor learning alone needs.
  fileprivate mutating func stopLearning() {
    guard case .spiking(var program) = self else { return }
    program.pseudoDerivative = nil
    self = .spiking(program)
  }
}
