import CompiledModel
import Federation

/// The learned values of a round's successor, each layer by the rule of its merge plan.
///
/// Rises of thresholds, counts of spikes by class, plasticities and means of rewards are no
/// gradients: a server's optimiser means nothing to them. Where their layer is averaged they are
/// averaged over those updates that the strategy takes.
struct LearnedMerge {
  /// One array for each learned block of the model.
  var values: [[Int16]]
  /// What the strategy keeps for the next round.
  var state: ServerState
  /// Updates that counted for nothing, by place.
  let leftOut: [Int]

  let blocks: [LearnedBlock]

  /// Merges updates whose layers are the model's learned blocks.
  init(
    of updates: SealedUpdates, into model: CompiledModel, by strategy: Strategy,
    _ plan: MergePlan, state: ServerState?
  ) throws(AggregationError) {
    blocks = model.learnedBlocks
    values = model.learnedState
    self.state = .none
    let averaged = plan.places(of: .average)
    let stepped = averaged.filter { model.learnedBlocks[$0].takesServerStep }
    var members = Array(updates.indices)
    if stepped.isEmpty {
      leftOut = []
    } else {
      let part = LearnedPart(places: stepped, blocks: model.learnedBlocks, values: values)
      let result = try Aggregation(strategy).merge(
        base: part.base, updates: updates.part(of: stepped, members: members),
        state: state ?? .none)
      for (place, merged) in zip(stepped, result.weights) { values[place] = merged }
      members = result.plan.members
      self.state = result.state
      leftOut = updates.indices.filter { !members.contains($0) }
    }
    var rest = averaged.filter { !stepped.contains($0) }
    for layer in plan.layers {
      switch layer.rule {
      case .average, .keepLocal, .averageTimeConstants: break
      case .majorityVote: rest += try vote(layer, updates, members)
      case .alignAverage, .unionPrune: rest += try mergePrototypes(layer, updates, members)
      }
    }
    try average(rest.sorted(), updates, members, by: strategy.weighting)
  }

  private mutating func average(
    _ places: [Int], _ updates: SealedUpdates, _ members: [Int], by weighting: Weighting
  ) throws(AggregationError) {
    guard !places.isEmpty else { return }
    let part = LearnedPart(places: places, blocks: blocks, values: values)
    let result = try Aggregation(try Strategy(.fedAvg, weighting: weighting)).merge(
      base: part.base, updates: updates.part(of: places, members: members), state: .none)
    for (place, merged) in zip(places, result.weights) { values[place] = merged }
  }

  /// Votes on the layer's weights; returns its blocks that have no votes.
  private mutating func vote(
    _ layer: MergePlan.Layer, _ updates: SealedUpdates, _ members: [Int]
  ) throws(AggregationError) -> [Int] {
    var rest: [Int] = []
    for place in layer.blocks {
      guard case .weights = blocks[place].kind else {
        rest.append(place)
        continue
      }
      var deltas: [[Int32]] = []
      for update in members { deltas.append(try updates.steps(of: update, place)) }
      values[place] = try MajorityVote.merge(
        base: values[place], deltas: deltas, levels: blocks[place].bounds)
    }
    return rest
  }

  /// Matches or unites the layer's neurons; returns its blocks that do not move with them.
  private mutating func mergePrototypes(
    _ layer: MergePlan.Layer, _ updates: SealedUpdates, _ members: [Int]
  ) throws(AggregationError) -> [Int] {
    let parts = PrototypeParts(layer, blocks)
    let base = parts.layer(values)
    var learnt: [(samples: UInt32, layer: PrototypeLayer)] = []
    for update in members {
      var state = values
      for place in parts.places {
        let deltas = try updates.steps(of: update, place)
        state[place] = blocks[place].adding(deltas, to: values[place])
      }
      learnt.append((updates.facts(of: update).samples, parts.layer(state)))
    }
    guard let first = learnt.first?.layer else { throw .noUpdates }
    // A base that was never used stands for nothing that neurons could be matched to.
    let isFresh = (0..<base.neurons).allSatisfy { base.usage(of: $0) == 0 }
    let merged =
      layer.rule == .unionPrune
      ? try PrototypeUnion.merge(learnt.map(\.layer)).layer
      : try PrototypeAlignment.merge(
        reference: isFresh ? first : base, updates: learnt,
        bounds: PrototypeAlignment.Bounds(weights: parts.weightBounds))
    parts.take(merged, into: &values)
    return layer.blocks.filter { !parts.places.contains($0) }
  }
}

/// Some of a model's learned blocks.
struct LearnedPart {
  let places: [Int]
  let blocks: [LearnedBlock]
  let values: [[Int16]]

  var base: [BaseLayer] {
    places.map { place in
      BaseLayer(
        weights: values[place], bounds: blocks[place].bounds,
        // A weight of 16 bits has 8 below the unit of its exponent.
        stepExponent: Int(min(max(blocks[place].exponent - 8, -128), 127)))
    }
  }
}

extension LearnedBlock {
  /// Whether values follow a gradient, so that an optimiser at the server has a meaning for them.
  var takesServerStep: Bool {
    switch kind {
    case .weights, .feedback: true
    case .thresholds, .assignment, .plasticity, .reward: false
    }
  }
}
