extension CompiledModel {
  /// The readout's connection along which errors are fed back to a layer: its first dense one from
  /// there without delay and pooling, nil where there is none.
  package func feedbackConnection(of layer: Int) -> ConnectionIndex? {
    guard hasReadout else { return nil }
    let last = layers.count - 1
    let place = layers[last].connections.firstIndex {
      $0.source == layer && $0.layout == .dense && $0.pooling == nil && $0.delay == 0
    }
    return place.map { ConnectionIndex(layer: last, connection: $0) }
  }

  func validate(
    _ program: PlasticityProgram, of index: Int, _ path: FieldPath
  ) throws(ModelError) {
    var isSpiking = false
    if case .spiking = layers[index].neurons { isSpiking = true }
    switch program {
    case .threeFactor(let rule):
      try path.require(
        hasReadout && classes <= Self.classesMax
          && (!isSpiking || signal(of: index).feedback != .symmetric
            || feedbackConnection(of: index) != nil),
        "plasticity", "three-factor",
        "a readout of at most \(Self.classesMax) classes, or a layer with a dense connection to it")
      try validate(rule, path)
      try validateEligibility(rule, of: index, path)
    case .program(let program):
      try path.require(
        isSpiking, "plasticity", "sums of products on a readout", "neurons that spike")
      try validate(program, path.at("plasticity"))
    case .sdsp(let rule):
      try path.require(isSpiking, "plasticity", "SDSP on a readout", "neurons that spike")
      let limit = arithmetic.potentialLimit
      try path.range(rule.potentialThreshold, -limit...limit, "potential threshold")
      try path.range(rule.activityMin, 0...8, "activity min")
      try path.range(rule.activityMaxUp, 0...8, "activity max up")
      try path.range(rule.activityMaxDown, 0...8, "activity max down")
      try path.range(rule.activityLeakSteps, 1...4096, "activity leak")
      try path.range(rule.probability, 0...65536, "probability")
    case .edge(let rule):
      try validate(rule, of: index, path)
    }
  }

  private func validate(_ rule: ThreeFactorProgram, _ path: FieldPath) throws(ModelError) {
    try path.range(rule.preDecay, 0...4096, "pre decay")
    try path.range(rule.postDecay, 0...4096, "post decay")
    try path.range(rule.impulse, 1...4096, "impulse")
    try path.range(rule.preFactor, -256...256, "pre factor")
    try path.range(rule.postFactor, -256...256, "post factor")
    try path.range(rule.signalShift, 0...40, "signal shift")
    try path.range(rule.signalLimit, 1...32767, "signal limit")
    try path.range(rule.gain, 0...Int32.max, "gain")
    try path.range(rule.secondPreDecay, 0...4096, "second pre decay")
    try path.range(rule.readsTraceBefore, 0...1, "reads trace before")
    try path.range(rule.isAppliedEachStep, 0...1, "applied each step")
    try path.range(rule.weightDecay, 0...16384, "weight decay")
    let step = Int(rule.signalLimit) * Int(rule.traceMax(steps: steps) + rule.impulse)
    let sum = step * steps
    try path.require(
      sum <= Int(Int32.max), "signal limit", rule.signalLimit,
      "sums within 32 bits over \(steps) steps")
    let bits = rule.weightDecay == 0 ? 47 : 46
    try path.require(
      sum * Int(rule.gain) < 1 << bits, "gain", rule.gain,
      "sums of up to \(sum) times it below 2^\(bits)")
  }

  /// A trace of each synapse needs a threshold that adapts, and keeps to the range of traces.
  private func validateEligibility(
    _ rule: ThreeFactorProgram, of index: Int, _ path: FieldPath
  ) throws(ModelError) {
    guard rule.adaptationFactor != 0 else { return }
    var decay: Int32?
    if case .spiking(let program) = layers[index].neurons { decay = program.adaptation?.decay }
    try path.require(
      decay.map { (0...$0).contains(rule.adaptationFactor) } ?? false, "adaptation factor",
      rule.adaptationFactor, "0, or up to the decay of a threshold that adapts")
    try path.require(
      rule.postFactor == 0, "adaptation factor", rule.adaptationFactor,
      "0 beside a postsynaptic term")
  }
}
