package import CompiledModel

/// What a chip has done so far.
extension Accelerator {
  /// Events since the start, by the raw value of their kind.
  package var counts: [UInt64] { zip(inferenceCounts, learningCounts).map { $0 + $1 } }

  /// Events since the start by core and kind; those of the port and barriers are on no core.
  package var coreCounts: [[UInt64]] {
    let all = lasting.read(plan.ledger.coreCounts, count: plan.ledger.coreCounts.count)
    return (0..<plan.ledger.cores).map { core in
      Array(all[core * plan.ledger.kinds..<(core + 1) * plan.ledger.kinds])
    }
  }

  /// Events since the start by layer and kind: the sums of the layers' cores.
  package var layerCounts: [[UInt64]] {
    let counts = coreCounts
    return plan.model.layers.indices.map { layer in
      counts[plan.model.coreRange(of: layer)].reduce(
        [UInt64](repeating: 0, count: plan.ledger.kinds)
      ) { sums, core in
        zip(sums, core).map { $0 + $1 }
      }
    }
  }

  /// Modelled time since the start in nanoseconds.
  package var chipNanoseconds: Double {
    Double(inferencePicoseconds + learningPicoseconds) / 1000
  }

  /// What was learnt so far, one array for each of the model's learned blocks.
  package var learnedState: [[Int16]] {
    let weights = plan.plastic.indices.map { place in
      let plastic = plan.plastic[place].pointee
      let rows = lasting[plastic.learning]
      return (0..<plastic.sources).flatMap { source in
        UnsafeBufferPointer(start: rows + source * plastic.stride, count: plastic.targets)
      }
    }
    let rises = plan.homeostatic.compactMap { index in
      let layer = plan.layers[index].pointee
      return layer.homeostasis.map { lasting.read($0.rises, count: layer.size) }
    }
    let assigned = plan.assignment.map { [lasting.read($0.counts, count: $0.counts.count)] }
    let plasticities = plan.edge.indices.map { place in
      let edge = plan.edge[place].pointee
      return lasting.read(edge.plasticities, count: edge.plastic.targets)
    }
    let rewards = plan.rewardMeans.map { lasting.read($0.mean, count: 1) }
    return weights + rises + (assigned ?? []) + plan.takers.indices.compactMap(feedbackWeights)
      + plasticities + rewards
  }

  private func feedbackWeights(_ taker: Int) -> [Int16]? {
    let place = plan.takers[taker].pointee
    guard case .adaptive(let own) = place.weights else { return nil }
    return (0..<plan.layers[place.layer].pointee.size).flatMap { neuron in
      UnsafeBufferPointer(
        start: lasting[own.learning] + neuron * own.stride, count: plan.model.classes)
    }
  }

  /// The loaded model with what was learnt so far.
  package var learntModel: CompiledModel { plan.model.replacingLearnedState(learnedState) }

  /// Potentials of a layer's neurons after the last step of the last sample.
  package func potentials(layer: Int) -> [Int32] {
    precondition(plan.layers.indices.contains(layer), "layer \(layer) of \(plan.layers.count)")
    let layer = plan.layers[layer]
    return resting.read(layer.pointee.neurons.potentials, count: layer.pointee.size)
  }

  func inference() -> Inference {
    let scores = resting.read(plan.scores, count: plan.scoreCount)
    return Inference(
      scores: plan.neuronsPerClass == 1 ? scores : plan.model.classScores(scores),
      inputSpikes: inputSpikes,
      layerSpikes: layerSpikes)
  }
}
