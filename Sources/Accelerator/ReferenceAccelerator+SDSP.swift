import CompiledModel

extension ReferenceAccelerator {
  /// One step of spike-driven plasticity: activities leak, rows move, activities rise.
  mutating func sdsp(_ position: Int, _ step: Int, _ rule: SDSPProgram, _ lesson: Lesson) {
    let layer = connections[position].layer
    let size = model.layers[layer].size
    let chipStep = chipStep(step, layer)
    if step > 0, step % Int(rule.activityLeakSteps) == 0 {
      for target in 0..<size where postTraces[position][target] > 0 {
        postTraces[position][target] -= 1
        ledger.work(.traceUpdate, 1, core: coreOf[layer][target], step: chipStep)
      }
    }
    for source in spikes(taken: model[connections[position]], in: step) {
      let stream = stream(lesson, position, step, direction: 0, line: source)
      for target in 0..<size {
        var difference = 0
        if field(target, stream) < Int(rule.probability) {
          difference = direction(layer, target, activity: postTraces[position][target], rule)
        }
        let hasChanged = change(
          position, source * size + target,
          by: difference << Int(model.arithmetic.learningShift))
        countVisit(coreOf[layer][target], hasChanged, chipStep: chipStep)
      }
    }
    for target in fired[layer + 1][step] where postTraces[position][target] < 7 {
      postTraces[position][target] += 1
      ledger.work(.traceUpdate, 1, core: coreOf[layer][target], step: chipStep)
    }
  }

  /// Whether a target's weights rise, 1, fall, -1, or rest.
  private func direction(_ layer: Int, _ target: Int, activity: Int, _ rule: SDSPProgram) -> Int {
    guard activity >= Int(rule.activityMin) else { return 0 }
    if potentials[layer][target] >= Int(rule.potentialThreshold) {
      return activity < Int(rule.activityMaxUp) ? 1 : 0
    }
    return activity < Int(rule.activityMaxDown) ? -1 : 0
  }
}
