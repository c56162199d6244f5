import CompiledModel
import SpikingNetwork

/// What a round of federated learning does to weights beside their rule.
extension ReferenceAccelerator {
  /// Adds to each weight that learns what a round corrects it by, in whole steps.
  mutating func correct(_ lesson: Lesson, chipStep: Int) {
    guard !corrections.isEmpty else { return }
    var block = 0
    for (position, index) in connections.enumerated() {
      guard case .plastic(let learnt, _, _) = model[index].weights else { continue }
      let step = Int(model.weightStep(of: index))
      for place in learnt.indices {
        let exact = Int(corrections[block][place])
        let added = (exact + draw(lesson, position, place, .correction)) >> 16
        let hasChanged = change(position, place, by: added * step)
        let core = coreOf[index.layer][place % model.layers[index.layer].size]
        ledger.work(.learningOperation, 1, core: core, step: chipStep)
        ledger.work(.weightRead, 3, core: core, step: chipStep)
        if hasChanged { countWrite(position, place, chipStep: chipStep) }
      }
      block += 1
    }
  }

  /// Takes a share of its distance from the loaded model off each weight that learns.
  mutating func pullBack(_ lesson: Lesson, chipStep: Int) {
    guard pull > 0 else { return }
    for (position, index) in connections.enumerated() {
      guard case .plastic(let base, _, _) = model[index].weights else { continue }
      let step = Int(model.weightStep(of: index))
      for place in base.indices {
        let distance = (weights[position][place] - Int(base[place])) / step
        let cut = (abs(distance) * pull + draw(lesson, position, place, .pull)) >> 16
        weights[position][place] -= distance.signum() * cut * step
        let core = coreOf[index.layer][place % model.layers[index.layer].size]
        ledger.work(.learningOperation, 1, core: core, step: chipStep)
        ledger.work(.weightRead, 2, core: core, step: chipStep)
        if distance != 0, cut != 0 { countWrite(position, place, chipStep: chipStep) }
      }
    }
  }

  private func draw(
    _ lesson: Lesson, _ position: Int, _ place: Int, _ kind: Steering.Kind
  ) -> Int {
    let random = CounterRandom(seed: lesson.seed, purpose: .steering)
    let size = model.layers[connections[position].layer].size
    let stream = random.stream(lesson.ordinal, UInt64(position) << 32 + kind.rawValue)
    return field(place % size, CounterRandom.draw(stream, UInt64(place / size)))
  }

  private mutating func countWrite(_ position: Int, _ place: Int, chipStep: Int) {
    let layer = connections[position].layer
    let size = model.layers[layer].size
    ledger.work(.weightWrite, 1, core: coreOf[layer][place % size], step: chipStep)
    guard let core = mirror(of: position, place / size),
      let source = model[connections[position]].source
    else { return }
    switch model.signal(of: source).feedback {
    case .symmetric: ledger.work(.weightWrite, 1, core: core, step: chipStep)
    case .adaptive, .random, .local: break
    }
  }
}
