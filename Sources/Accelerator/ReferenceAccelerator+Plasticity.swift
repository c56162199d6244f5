import CompiledModel
import SpikingNetwork

/// What the rules share: traces, draws, changes.
extension ReferenceAccelerator {
  /// One step of all local rules, connection by connection.
  mutating func learnLocally(_ step: Int, _ lesson: Lesson) {
    for (position, index) in connections.enumerated() {
      switch model[index].plasticity {
      case .program(let program)?: run(program, position, step, lesson)
      case .sdsp(let rule)?: sdsp(position, step, rule, lesson)
      case .edge?: countActivity(position, step, lesson)
      case .threeFactor?, nil: break
      }
    }
  }

  /// Decays the presynaptic traces of a connection and raises those of sources that spiked.
  mutating func raisePreTraces(
    _ position: Int, _ step: Int, decay: Int32, impulse: Int32, second: Int32 = 0, chipStep: Int
  ) {
    let spiking = Set(spikes(taken: model[connections[position]], in: step))
    for source in spiking { hasSpiked[position][source] = true }
    for source in preTraces[position].indices where hasSpiked[position][source] {
      let raise = spiking.contains(source) ? Int(impulse) : 0
      var trace = ((firstTraces[position][source] * Int(decay)) >> 12) + raise
      trace = note((trace, min(trace, Int(ChipArithmetic.traceLimit))))
      firstTraces[position][source] = trace
      if second != 0 {
        trace += (preTraces[position][source] * Int(second)) >> 12
        trace = note((trace, min(trace, Int(ChipArithmetic.traceLimit))))
      }
      preTraces[position][source] = trace
      for core in cores(of: connections[position].layer) {
        ledger.work(.traceUpdate, second == 0 ? 1 : 2, core: core, step: chipStep)
      }
    }
  }

  /// Number `number` of a stream's 16-bit numbers.
  func field(_ number: Int, _ stream: UInt64) -> Int {
    CounterRandom.field(stream, number)
  }

  /// The stream of row or column `line` in a step of a local rule.
  ///
  /// Directions are 0 for rows, 1 for columns, 2 for periods and 3 for a sample's end.
  func stream(
    _ lesson: Lesson, _ position: Int, _ step: Int, direction: Int, line: Int,
    ofTags: Bool = false
  ) -> UInt64 {
    let kind = (ofTags ? 1 << 17 : 0) + (direction >> 1) << 16 + step * 2 + direction & 1
    let base = lesson.random.stream(lesson.ordinal, UInt64(position) << 32 + UInt64(kind))
    return CounterRandom.draw(base, UInt64(line))
  }

  /// Changes a learning weight within its bounds; whether it is another one now.
  mutating func change(_ position: Int, _ place: Int, by difference: Int) -> Bool {
    let bounds = model.weightBounds(of: connections[position])
    let old = weights[position][place]
    let exact = old + difference
    let kept = max(Int(bounds.lowerBound), min(Int(bounds.upperBound), exact))
    weights[position][place] = note((exact, kept))
    return kept != old
  }

  /// Counts a synapse that a core visits to change it.
  mutating func countVisit(_ core: Int, _ hasChanged: Bool, chipStep: Int) {
    ledger.work(.learningOperation, 1, core: core, step: chipStep)
    ledger.work(.weightRead, 1, core: core, step: chipStep)
    if hasChanged { ledger.work(.weightWrite, 1, core: core, step: chipStep) }
  }
}
