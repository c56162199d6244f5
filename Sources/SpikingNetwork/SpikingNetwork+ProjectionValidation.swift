extension SpikingNetwork {
  /// Largest number of steps by which a projection delays spikes.
  package static let delayMax = 255

  func validate(_ projection: Projection, at field: String) throws(NetworkError) {
    let source = try member(projection.source, field + ".source")
    let target = try member(projection.target, field + ".target")
    if target.model == .input {
      throw NetworkError(
        field: field + ".target", found: "the input `\(projection.target)`",
        expected: "a population of neurons", cure: "turn the projection round")
    }
    guard (0...Self.delayMax).contains(projection.delay) else {
      throw NetworkError(
        field: field + ".delay", found: "\(projection.delay)", expected: "0 to \(Self.delayMax)",
        cure: "give the delay in steps")
    }
    let pooled = try pooledShape(of: source, projection, at: field)
    try validate(
      projection.connectivity, from: pooled, sourceSize: pooled?.size ?? source.size, to: target,
      at: field)
    if let bad = projection.weights.firstIndex(where: { !$0.isFinite }) {
      throw NetworkError(
        field: field + ".weights[\(bad)]", found: "\(projection.weights[bad])",
        expected: "a finite number", cure: "train again with a smaller learning rate")
    }
    try validate(projection.plasticity, at: field + ".plasticity")
    if let rule = projection.edgeLearning {
      try validate(rule, of: projection, into: target, at: field + ".plasticity.edgeLearning")
    }
    try validateNormalisation(of: projection, at: field + ".normalisation")
  }

  private func validateNormalisation(
    of projection: Projection, at field: String
  ) throws(NetworkError) {
    guard let sum = projection.normalisation else { return }
    try positive(sum, field)
    let lowest: Double? =
      switch projection.plasticity {
      case .pairSTDP(let rule): rule.weightMin
      case .sdsp(let rule): rule.weightMin
      case .program(let rule): rule.bits == nil ? rule.weightMin : nil
      case .threeFactor, .edgeLearning, nil: nil
      }
    guard let lowest, lowest >= 0 else {
      throw NetworkError(
        field: field, found: "\(sum)", expected: "it beside a local rule with weights from 0 up",
        cure: "set weightMin to 0 or more, or leave the normalisation out")
    }
  }

  private func member(_ name: String, _ field: String) throws(NetworkError) -> Population {
    guard let population = population(named: name) else {
      throw NetworkError(
        field: field, found: "`\(name)`", expected: "the name of a population",
        cure: "name one of: " + populations.map(\.name).joined(separator: ", "))
    }
    return population
  }

  private func pooledShape(
    of source: Population, _ projection: Projection, at field: String
  ) throws(NetworkError) -> FeatureShape? {
    guard projection.pooling != 1 else { return source.shape }
    guard let shape = source.shape else {
      throw NetworkError(
        field: field + ".pooling", found: "\(projection.pooling) on `\(source.name)`",
        expected: "a source with a shape", cure: "give the population height, width and channels")
    }
    guard projection.pooling > 0, projection.pooling <= min(shape.height, shape.width) else {
      throw NetworkError(
        field: field + ".pooling", found: "\(projection.pooling)",
        expected: "1 to \(min(shape.height, shape.width)), the smaller side of `\(source.name)`",
        cure: "choose a window that fits the plane")
    }
    return shape.pooled(by: projection.pooling)
  }

  private func validate(
    _ connectivity: Connectivity, from shape: FeatureShape?, sourceSize: Int,
    to target: Population, at field: String
  ) throws(NetworkError) {
    switch connectivity {
    case .dense(let weights):
      let (count, overflow) = sourceSize.multipliedReportingOverflow(by: target.size)
      guard !overflow, count <= Self.projectionWeightsMax, weights.count == count else {
        throw NetworkError(
          field: field + ".weights", found: "\(weights.count) values",
          expected: "\(target.size) x \(sourceSize), at most \(Self.projectionWeightsMax)",
          cure: "give one weight for each pair, row-major [target][source]")
      }
    case .sparse(let sparse):
      try validate(sparse, sources: sourceSize, targets: target.size, at: field)
    case .convolution(let convolution):
      try validate(convolution, from: shape, to: target, at: field)
    case .oneToOne:
      guard sourceSize == target.size else {
        throw NetworkError(
          field: field + ".connectivity", found: "\(sourceSize) sources for \(target.size) targets",
          expected: "as many of each", cure: "make the target as large as the (pooled) source")
      }
    }
  }

  private func validate(
    _ sparse: SparseWeights, sources: Int, targets: Int, at field: String
  ) throws(NetworkError) {
    let count = sparse.weights.count
    guard count <= Self.projectionWeightsMax, sparse.targets.count == count,
      sparse.rowStarts.count == sources + 1, sparse.rowStarts.first == 0,
      sparse.rowStarts.last.map(Int.init) == count
    else {
      throw NetworkError(
        field: field + ".rowStarts",
        found: "\(sparse.rowStarts.count) rows, \(sparse.targets.count) targets, \(count) weights",
        expected: "\(sources + 1) row starts from 0 to the number of entries, at most "
          + "\(Self.projectionWeightsMax)",
        cure: "list the entries by source")
    }
    for source in 0..<sources {
      let start = Int(sparse.rowStarts[source])
      let end = Int(sparse.rowStarts[source + 1])
      var isRising = start <= end && start >= 0 && end <= count
      if isRising {
        for entry in start..<end {
          let low = entry == start ? -1 : sparse.targets[entry - 1]
          isRising = isRising && sparse.targets[entry] > low && sparse.targets[entry] < targets
        }
      }
      guard isRising else {
        throw NetworkError(
          field: field + ".targets", found: "row \(source) out of order or range",
          expected: "rising targets below \(targets)", cure: "sort each row, one entry for a pair")
      }
    }
  }

  private func validate(
    _ convolution: Convolution, from shape: FeatureShape?, to target: Population, at field: String
  ) throws(NetworkError) {
    guard let shape, let targetShape = target.shape else {
      throw NetworkError(
        field: field + ".connectivity", found: "a convolution without planes",
        expected: "source and target with shapes",
        cure: "give both populations height, width and channels")
    }
    let sides = 1...255
    guard sides.contains(convolution.kernelHeight), sides.contains(convolution.kernelWidth),
      sides.contains(convolution.stride), (0...255).contains(convolution.padding),
      let output = convolution.output(of: shape, channels: targetShape.channels),
      output == targetShape
    else {
      throw NetworkError(
        field: field + ".connectivity",
        found: "a kernel of \(convolution.kernelHeight) x \(convolution.kernelWidth), stride "
          + "\(convolution.stride), padding \(convolution.padding)",
        expected: "one that leads from \(shape.height) x \(shape.width) to "
          + "\(targetShape.height) x \(targetShape.width) places",
        cure: "make the target (height + 2 * padding - kernel) / stride + 1 places high and wide")
    }
    let count =
      targetShape.channels * shape.channels * convolution.kernelHeight * convolution.kernelWidth
    guard convolution.weights.count == count, count <= Self.projectionWeightsMax else {
      throw NetworkError(
        field: field + ".weights", found: "\(convolution.weights.count) values",
        expected: "\(count), at most \(Self.projectionWeightsMax)",
        cure: "give the kernel row-major [output channel][input channel][row][column]")
    }
  }

  private func validate(_ rule: PlasticityRule?, at field: String) throws(NetworkError) {
    switch rule {
    case nil, .edgeLearning:
      break
    case .threeFactor(let rule):
      try validate(rule, at: field)
    case .pairSTDP(let rule):
      try within(rule.aPlus, 0...1, field + ".aPlus")
      try within(rule.aMinus, 0...1, field + ".aMinus")
      try positive(rule.tauPre, field + ".tauPre")
      try positive(rule.tauPost, field + ".tauPost")
      try within(rule.weightMin, -1e3...1e3, field + ".weightMin")
      try within(rule.weightMax, rule.weightMin...2e3, field + ".weightMax")
      try within(rule.preTarget, 0...100, field + ".preTarget")
      try validate(rule.teacher, at: field)
    case .sdsp(let rule):
      try within(rule.potentialThreshold, -100...100, field + ".potentialThreshold")
      try within(Double(rule.activityMin), 0...8, field + ".activityMin")
      try within(Double(rule.activityMaxUp), 0...8, field + ".activityMaxUp")
      try within(Double(rule.activityMaxDown), 0...8, field + ".activityMaxDown")
      try within(Double(rule.activityLeakSteps), 1...4096, field + ".activityLeakSteps")
      try within(rule.probability, 0...1, field + ".probability")
      try within(rule.weightMin, -1e3...1e3, field + ".weightMin")
      try within(rule.weightMax, rule.weightMin...2e3, field + ".weightMax")
      try validate(rule.teacher, at: field)
    case .program(let rule):
      try validate(rule, at: field)
      try validate(rule.teacher, at: field)
    }
  }

  private func validate(_ rule: ThreeFactorRule, at field: String) throws(NetworkError) {
    try within(rule.learningRate, 0...1, field + ".learningRate")
    try within(rule.gamma, 0...1, field + ".gamma")
    try within(rule.preDecay, 0...1, field + ".preDecay")
    try within(rule.postDecay, 0...1, field + ".postDecay")
    try within(rule.aPre, -4...4, field + ".aPre")
    try within(rule.aPost, -4...4, field + ".aPost")
    try within(rule.feedbackScale ?? 1, 1e-6...1e6, field + ".feedbackScale")
    try within(rule.localDecay ?? 0, 0...1, field + ".localDecay")
    try within(Double(rule.signalSteps ?? 1), 1...Double(Self.stepsMax), field + ".signalSteps")
    try within(rule.rate?.target ?? 0, 0...1, field + ".rate.target")
    try within(rule.rate?.strength ?? 0, 0...1e3, field + ".rate.strength")
    try within(rule.secondPreDecay ?? 0, 0...1, field + ".secondPreDecay")
    try within(rule.weightDecay ?? 0, 0...0.25, field + ".weightDecay")
  }

  private func validate(_ teacher: TeacherSignal?, at field: String) throws(NetworkError) {
    guard let teacher else { return }
    try within(teacher.excitation, 0...1e3, field + ".teacher.excitation")
    try within(teacher.inhibition, 0...1e3, field + ".teacher.inhibition")
  }
}
