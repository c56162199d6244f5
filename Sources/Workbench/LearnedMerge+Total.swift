import CompiledModel
import Federation

extension LearnedMerge {
  /// Merges a sum of updates whose layers are the model's learned blocks.
  ///
  /// Every layer of the plan is averaged: other rules look at updates one by one, and `JobCheck`
  /// lets no job have both.
  init(
    of total: UpdateTotal, into model: CompiledModel, by strategy: Strategy, _ plan: MergePlan,
    state: ServerState?
  ) throws(AggregationError) {
    precondition(!plan.looksAtSingleUpdates, "single updates out of a sum")
    (blocks, values, self.state, leftOut) = (model.learnedBlocks, model.learnedState, .none, [])
    let averaged = plan.places(of: .average)
    let stepped = averaged.filter { blocks[$0].takesServerStep }
    if !stepped.isEmpty {
      let result = try Aggregation(strategy).merge(
        base: LearnedPart(places: stepped, blocks: blocks, values: values).base,
        total: total.part(stepped), state: state ?? .none)
      for (place, merged) in zip(stepped, result.weights) { values[place] = merged }
      self.state = result.state
    }
    let rest = averaged.filter { !stepped.contains($0) }
    guard !rest.isEmpty else { return }
    let result = try Aggregation(.fedAvg).merge(
      base: LearnedPart(places: rest, blocks: blocks, values: values).base,
      total: total.part(rest))
    for (place, merged) in zip(rest, result.weights) { values[place] = merged }
  }
}

extension UpdateTotal {
  /// Some of its layers.
  fileprivate func part(_ places: [Int]) -> UpdateTotal {
    UpdateTotal(weight: weight, sums: places.map { sums[$0] })
  }
}

extension SealedUpdates {
  /// The sum of all updates, each cut to a norm and counted once.
  ///
  /// `blocks` are the model's learned blocks. Memory holds one update beside the sum.
  func total(
    clippedTo clip: UInt32, _ blocks: [LearnedBlock]
  ) throws(AggregationError) -> UpdateTotal {
    guard !indices.isEmpty else { throw .noUpdates }
    var total = UpdateTotal(
      weight: Int64(indices.count), sums: blocks.map { [Int64](repeating: 0, count: $0.count) })
    for update in indices {
      var deltas: [[Int32]] = []
      for (place, block) in blocks.enumerated() {
        // What stays on the nodes adds nothing.
        deltas.append(
          carries(place)
            ? try steps(of: update, place) : [Int32](repeating: 0, count: block.count))
      }
      total.add(PrivateSum.clipped(deltas, to: clip))
    }
    return total
  }
}
