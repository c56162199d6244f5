package import CompiledModel
package import Federation

/// Which rule merges each layer of a model that learns, by what trains it unless a job says.
package struct MergePlan: Sendable, Equatable {
  /// A layer that learns.
  package struct Layer: Sendable, Equatable {
    /// Its place in the model.
    package let index: Int
    /// Its name.
    package let name: String
    /// How its learned values are merged.
    package let rule: MergeRule
    /// Its neurons.
    let size: Int
    /// Places of its learned values among the model's blocks.
    let blocks: [Int]
  }

  /// The layers that learn, in the model's order.
  package let layers: [Layer]

  /// - Parameter chosen: rules by the layer's name, in place of the default.
  ///
  /// Throws `merge-rule` where a name is of no layer that learns, or a rule does not fit its layer.
  package init(
    _ model: CompiledModel, _ chosen: [String: MergeRule] = [:]
  ) throws(AggregationError) {
    var places: [Int: [Int]] = [:]
    let blocks = model.learnedBlocks
    for (place, block) in blocks.enumerated() { places[block.layer, default: []].append(place) }
    let names = places.keys.sorted().map { model.layers[$0].name }
    for name in chosen.keys.sorted() where !names.contains(name) {
      throw .mergeRule(
        layer: name, rule: chosen[name]?.rawValue ?? "",
        reason: "no layer of this name learns; " + names.joined(separator: ", ") + " do")
    }
    var layers: [Layer] = []
    for index in places.keys.sorted() {
      let name = model.layers[index].name
      let rule = chosen[name] ?? model.defaultRule(ofLayer: index)
      if let reason = model.obstacle(to: rule, ofLayer: index) {
        throw .mergeRule(layer: name, rule: rule.rawValue, reason: reason)
      }
      layers.append(
        Layer(
          index: index, name: name, rule: rule, size: model.layers[index].size,
          blocks: places[index] ?? []))
    }
    if let first = layers.first, layers.allSatisfy({ $0.rule == .keepLocal }) {
      throw .mergeRule(
        layer: first.name, rule: first.rule.rawValue,
        reason: "all layers that learn would stay on the nodes, so that there is nothing to "
          + "merge; leave one of them shared")
    }
    self.layers = layers
  }

  /// Places of learned blocks that a rule merges.
  func places(of rule: MergeRule) -> [Int] {
    layers.filter { $0.rule == rule }.flatMap(\.blocks).sorted()
  }

  /// Whether merging looks at updates one by one.
  package var looksAtSingleUpdates: Bool {
    movesNeurons || layers.contains { $0.rule == .majorityVote }
  }

  /// Whether merging gives neurons other places.
  package var movesNeurons: Bool {
    layers.contains { $0.rule == .alignAverage || $0.rule == .unionPrune }
  }
}

extension CompiledModel {
  fileprivate func defaultRule(ofLayer index: Int) -> MergeRule {
    if hasPrototypes(index) { return .alignAverage }
    let isBinary = learnedBlocks.contains { block in
      if case .weights = block.kind { block.layer == index && block.hasTwoLevels } else { false }
    }
    return isBinary ? .majorityVote : .average
  }

  /// Whether neurons of a layer compete for what they stand for, so that none has a meaning that
  /// another node's of its number shares.
  private func hasPrototypes(_ index: Int) -> Bool {
    let layer = layers[index]
    guard layer.teacher == nil, layer.rewardMean == nil else { return false }
    let isUnsupervised = layer.connections.allSatisfy { connection in
      switch connection.plasticity {
      case .program, nil: true
      case .threeFactor, .sdsp, .edge: false
      }
    }
    guard isUnsupervised, case .spiking(let program) = layer.neurons else { return false }
    return layer.assignment != nil || program.competition != nil
  }

  /// Why a rule does not fit a layer; nil where it does.
  fileprivate func obstacle(to rule: MergeRule, ofLayer index: Int) -> String? {
    let blocks = learnedBlocks.filter { $0.layer == index }
    switch rule {
    case .average, .keepLocal: return nil
    case .averageTimeConstants:
      return "no rule on the chip changes leaks, so that all nodes have those of the base model; "
        + "choose average, and change time constants in the network before it is compiled"
    case .majorityVote:
      let isBinary = blocks.allSatisfy { block in
        if case .weights = block.kind { block.hasTwoLevels } else { true }
      }
      return isBinary ? nil : "its weights have more than two values"
    case .alignAverage, .unionPrune:
      for block in blocks {
        guard case .weights(let place) = block.kind else { continue }
        if self[place].layout != .dense { return "its neurons share weights or have few each" }
      }
      let fed = layers.first { $0.connections.contains { $0.source == index } }
      return fed.map {
        "its neurons feed `\($0.name)`, whose weights would have to move with them; choose "
          + "average"
      }
    }
  }
}

extension LearnedBlock {
  /// Whether a value is one of its bounds and nothing between.
  fileprivate var hasTwoLevels: Bool {
    Int32(bounds.upperBound) - Int32(bounds.lowerBound) == step
  }
}
