import CompiledModel

extension ReferenceAccelerator {
  /// Cuts each weight that learns to what its drift allows, on whole steps.
  mutating func cutDrift(chipStep: Int) {
    guard let driftMax else { return }
    for (position, index) in connections.enumerated() {
      guard case .plastic(let deployed, _, _) = model[index].weights else { continue }
      let size = model.layers[index.layer].size
      let step = Int(model.weightStep(of: index))
      let drift = min(driftMax, 32767) / step * step
      for place in deployed.indices {
        let (weight, origin) = (weights[position][place], Int(deployed[place]))
        weights[position][place] = note(
          (weight, max(origin - drift, min(origin + drift, weight))))
        guard weights[position][place] != weight else { continue }
        var holders = [coreOf[index.layer][place % size]]
        if let core = mirror(of: position, place / size) { holders.append(core) }
        for core in holders { ledger.work(.weightWrite, 1, core: core, step: chipStep) }
      }
    }
  }
}
