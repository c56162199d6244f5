import CompiledModel
package import FleetCore

/// Holds a successor that a round made against the published model that permits it.
package enum SuccessorLimits {
  /// Whether a successor differs from the published model in learned values alone, in the permit's
  /// blocks and by its drift at most.
  ///
  /// Both as bytes of a compiled model, whose digests were checked.
  package static func compare(
    _ successor: [UInt8], published: [UInt8], permit: TrainingPermit
  ) -> SuccessorOutcome {
    let (model, origin): (CompiledModel, CompiledModel)
    do throws(ModelError) {
      model = try CompiledModel(reading: successor)
      origin = try CompiledModel(reading: published)
    } catch {
      return .beyond(detail: "not a model that this agent reads: \(error)")
    }
    let (blocks, state) = (origin.learnedBlocks, model.learnedState)
    guard model.learnedBlocks == blocks,
      origin.replacingLearnedState(state).encoded() == successor
    else { return .beyond(detail: "it differs from the published model in more than learning") }
    for (block, values) in zip(blocks, zip(state, origin.learnedState)) {
      let isOpen = permit.blocks.contains(block.number)
      let driftMax = isOpen ? Int32(clamping: permit.driftMax) : 0
      var (farthest, place) = (driftMax, -1)
      for (index, pair) in zip(values.0, values.1).enumerated() {
        let drift = abs(Int32(pair.0) - Int32(pair.1))
        if drift > farthest { (farthest, place) = (drift, index) }
      }
      guard place >= 0 else { continue }
      return .beyond(
        detail: isOpen
          ? "value \(place) of block \(block.number) lies \(farthest) from the published one, "
            + "permitted are \(driftMax)"
          : "block \(block.number) has changed, which the publisher does not permit")
    }
    return .within
  }
}
