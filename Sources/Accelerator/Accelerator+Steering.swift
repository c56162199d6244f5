import CompiledModel
import SpikingNetwork

/// What a round of federated learning does to weights beside their rule.
extension Accelerator {
  /// From the next sample on that is learnt; nil for nothing.
  ///
  /// Corrections have as many blocks as the model has plastic connections, and as many numbers in
  /// each as there are weights.
  package mutating func steer(_ steering: Steering?) {
    if let corrections = steering?.corrections, !corrections.isEmpty {
      precondition(
        corrections.count == plan.plastic.count,
        "\(corrections.count) blocks of corrections for \(plan.plastic.count) connections")
      for place in plan.plastic.indices {
        let plastic = plan.plastic[place].pointee
        precondition(
          corrections[place].count == plastic.sources * plastic.targets,
          "\(corrections[place].count) corrections of \(plastic.sources * plastic.targets) weights")
      }
    }
    self.steering = steering
  }

  /// The end of a sample that was learnt: corrections, then pulls.
  mutating func steer(_ lesson: Lesson) {
    guard let steering else { return }
    for (place, corrections) in steering.corrections.enumerated() {
      correct(plan.plastic[place], corrections, lesson)
    }
    guard steering.pull > 0 else { return }
    for place in plan.plastic.indices { pull(plan.plastic[place], steering.pull, lesson) }
  }

  /// `w <- w + floor(c + u)` for a correction of c steps and u in [0, 1): c in the mean.
  private mutating func correct(
    _ place: UnsafePointer<PlasticPlan>, _ corrections: [Int32], _ lesson: Lesson
  ) {
    let plastic = place.pointee
    let step = Int(plan.model.weightStep(of: plastic.index))
    let (low, high) = (Int(plastic.bounds.lowerBound), Int(plastic.bounds.upperBound))
    change(plastic, lesson, .correction, reads: 3) { row, target, weight, draw in
      let exact = Int(corrections[row * plastic.targets + target])
      // Most corrections are far below a step.
      if exact == 0 { return (weight, false) }
      let wanted = weight + (exact + draw()) >> 16 * step
      let kept = max(low, min(high, wanted))
      return (kept, kept != wanted)
    }
  }

  /// `w <- w - floor(m |w - base| + u) sign(w - base)`, in steps, for a share of m.
  private mutating func pull(
    _ place: UnsafePointer<PlasticPlan>, _ share: UInt32, _ lesson: Lesson
  ) {
    let plastic = place.pointee
    guard case .plastic(let base, _, _) = plan.model[plastic.index].weights else { return }
    let step = Int(plan.model.weightStep(of: plastic.index))
    change(plastic, lesson, .pull, reads: 2) { row, target, weight, draw in
      let distance = (weight - Int(base[row * plastic.targets + target])) / step
      if distance == 0 { return (weight, false) }
      let cut = (abs(distance) * Int(share) + draw()) >> 16
      return (weight - distance.signum() * cut * step, false)
    }
  }

  /// Visits every weight of a connection; `body` gives what it is to be, and whether that was cut.
  ///
  /// A visit is an operation and so many reads; a weight that is another one then is a write, and
  /// one of its mirror.
  @inline(__always)
  private mutating func change(
    _ plastic: PlasticPlan, _ lesson: Lesson, _ kind: Steering.Kind, reads: Int,
    _ body: (_ row: Int, _ target: Int, _ weight: Int, _ draw: () -> Int) -> (Int, isCut: Bool)
  ) {
    let layer = plan.layers[plastic.index.layer]
    let holder = mirrorLayer(of: plastic)
    let random = CounterRandom(seed: lesson.seed, purpose: .steering)
    let stream = random.stream(lesson.ordinal, UInt64(plastic.number) << 32 + kind.rawValue)
    let learning = lasting[plastic.learning]
    let view = plastic.view.map { lasting[$0] }
    var written = [Int](repeating: 0, count: layer.pointee.coreCount)
    for source in 0..<plastic.sources {
      let draws = CounterRandom.draw(stream, UInt64(source))
      let row = source * plastic.stride
      var writtenInRow = 0
      for place in 0..<layer.pointee.coreCount {
        var count = 0
        for target in neurons(layer, place) {
          let weight = Int(learning[row + target])
          let (kept, isCut) = body(source, target, weight) { CounterRandom.field(draws, target) }
          if isCut { saturations += 1 }
          guard kept != weight else { continue }
          learning[row + target] = Int16(truncatingIfNeeded: kept)
          if let view {
            view[row + target] = ChipArithmetic.inferenceWeight(Int16(truncatingIfNeeded: kept))
          }
          count += 1
        }
        written[place] += count
        writtenInRow += count
      }
      if let holder, writtenInRow > 0 {
        work(.weightWrite, writtenInRow, core: core(of: source, holder), step: chipSteps - 1)
      }
    }
    for (place, written) in written.enumerated() {
      let visited = plastic.sources * neurons(layer, place).count
      let core = layer.pointee.firstCore + place
      work(.learningOperation, visited, core: core, step: chipSteps - 1)
      work(.weightRead, reads * visited, core: core, step: chipSteps - 1)
      work(.weightWrite, written, core: core, step: chipSteps - 1)
    }
  }

  /// The layer whose cores hold the same weights, where errors come back along them.
  private func mirrorLayer(of plastic: PlasticPlan) -> Int? {
    guard let mirror = plastic.mirror else { return nil }
    if case .adaptive = plan.takers[mirror].pointee.weights { return nil }
    return plan.takers[mirror].pointee.layer
  }
}
