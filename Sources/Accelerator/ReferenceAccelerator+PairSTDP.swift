import CompiledModel

extension ReferenceAccelerator {
  /// One step of pair STDP: traces decay, rows fall, columns rise, postsynaptic traces rise.
  mutating func pairSTDP(_ position: Int, _ step: Int, _ rule: PairSTDPProgram, _ lesson: Lesson) {
    let layer = connections[position].layer
    let size = model.layers[layer].size
    let learningShift = Int(model.arithmetic.learningShift)
    let chipStep = step + model.layers[layer].phase
    raisePreTraces(position, step, decay: rule.preDecay, impulse: rule.impulse, chipStep: chipStep)
    for target in 0..<size where postTraces[position][target] != 0 {
      postTraces[position][target] = (postTraces[position][target] * Int(rule.postDecay)) >> 12
      ledger.work(.traceUpdate, 1, core: coreOf[layer][target], step: chipStep)
    }
    for source in spikes(taken: model[connections[position]], in: step) {
      let stream = stream(lesson, position, step, direction: 0, line: source)
      for target in 0..<size {
        let product = postTraces[position][target] * Int(rule.depression)
        let steps = (product + field(target, stream)) >> 16
        let hasChanged = change(
          position, source * size + target, by: -(steps << learningShift))
        countVisit(coreOf[layer][target], hasChanged, chipStep: chipStep)
      }
    }
    for target in fired[layer + 1][step] {
      let stream = stream(lesson, position, step, direction: 1, line: target)
      for source in preTraces[position].indices {
        let product =
          (preTraces[position][source] - Int(rule.preTarget)) * Int(rule.potentiation)
        let steps = (product + field(source, stream)) >> 16
        let hasChanged = change(position, source * size + target, by: steps << learningShift)
        countVisit(coreOf[layer][target], hasChanged, chipStep: chipStep)
      }
    }
    for target in fired[layer + 1][step] {
      let trace = postTraces[position][target] + Int(rule.impulse)
      postTraces[position][target] = note((trace, min(trace, Int(ChipArithmetic.traceLimit))))
      ledger.work(.traceUpdate, 1, core: coreOf[layer][target], step: chipStep)
    }
  }
}
