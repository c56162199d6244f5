extension SpikingNetwork {
  /// Largest number of neurons of a population.
  package static let populationSizeMax = 1 << 20
  /// Largest number of weights of a projection.
  package static let projectionWeightsMax = 1 << 28
  /// Largest number of steps for which a sample may be shown.
  package static let stepsMax = 4096

  /// Throws for the first field that no compiler or trainer could work with.
  package func validate() throws(NetworkError) {
    try validateHead()
    var inputs = 0
    for (index, population) in populations.enumerated() {
      try validate(population, at: "populations[\(index)]")
      if populations[..<index].contains(where: { $0.name == population.name }) {
        throw NetworkError(
          field: "populations[\(index)].name", found: "`\(population.name)` for the second time",
          expected: "a name of its own", cure: "rename one of the two")
      }
      if population.model == .input { inputs += 1 }
    }
    guard inputs == 1 else {
      throw NetworkError(
        field: "populations", found: "\(inputs) of model `input`", expected: "exactly one",
        cure: "describe the sensor as one input population")
    }
    guard !projections.isEmpty else {
      throw NetworkError(
        field: "projections", found: "empty", expected: "at least one",
        cure: "connect the input to a population")
    }
    for (index, projection) in projections.enumerated() {
      try validate(projection, at: "projections[\(index)]")
    }
  }

  private func validateHead() throws(NetworkError) {
    guard Self.isName(name) else {
      throw NetworkError(
        field: "name", found: "`\(name)`", expected: "[a-z0-9][a-z0-9._-]{0,62}",
        cure: "use a short name in lower case")
    }
    guard timeStep.isFinite, timeStep > 0 else {
      throw NetworkError(
        field: "timeStep", found: "\(timeStep)", expected: "seconds above 0",
        cure: "set the step's length, 0.001 for 1 ms")
    }
    guard (1...Self.stepsMax).contains(steps) else {
      throw NetworkError(
        field: "steps", found: "\(steps)", expected: "1 to \(Self.stepsMax)",
        cure: "show a sample for fewer steps")
    }
  }

  private func validate(_ population: Population, at field: String) throws(NetworkError) {
    guard Self.isName(population.name) else {
      throw NetworkError(
        field: field + ".name", found: "`\(population.name)`",
        expected: "[a-z0-9][a-z0-9._-]{0,62}", cure: "use a short name in lower case")
    }
    guard (1...Self.populationSizeMax).contains(population.size) else {
      throw NetworkError(
        field: field + ".size", found: "\(population.size)",
        expected: "1 to \(Self.populationSizeMax)", cure: "split the population")
    }
    switch population.model {
    case .input:
      break
    case .lif(let lif):
      try positive(lif.tauMem, field + ".tauMem")
      try positive(lif.r, field + ".r")
      try positive(lif.vThreshold, field + ".vThreshold")
      try within(lif.vLeak, -1e6...1e6, field + ".vLeak")
      try within(lif.vReset, -1e6...1e6, field + ".vReset")
      try within(lif.refractory, 0...1e3, field + ".refractory")
    case .leakyIntegrator(let integrator):
      try positive(integrator.tauMem, field + ".tauMem")
      try positive(integrator.r, field + ".r")
      try within(integrator.vLeak, -1e6...1e6, field + ".vLeak")
    }
  }

  private func validate(_ projection: Projection, at field: String) throws(NetworkError) {
    let source = try size(of: projection.source, field + ".source")
    let target = try size(of: projection.target, field + ".target")
    if population(named: projection.target)?.model == .input {
      throw NetworkError(
        field: field + ".target", found: "the input `\(projection.target)`",
        expected: "a population of neurons", cure: "turn the projection round")
    }
    let (count, overflow) = source.multipliedReportingOverflow(by: target)
    guard !overflow, count <= Self.projectionWeightsMax, projection.weights.count == count else {
      throw NetworkError(
        field: field + ".weights", found: "\(projection.weights.count) values",
        expected: "\(target) x \(source), at most \(Self.projectionWeightsMax)",
        cure: "give one weight for each pair, row-major [target][source]")
    }
    if let bad = projection.weights.firstIndex(where: { !$0.isFinite }) {
      throw NetworkError(
        field: field + ".weights[\(bad)]", found: "\(projection.weights[bad])",
        expected: "a finite number", cure: "train again with a smaller learning rate")
    }
    switch projection.plasticity {
    case nil:
      break
    case .threeFactor(let rule):
      let at = field + ".plasticity"
      try within(rule.learningRate, 0...1, at + ".learningRate")
      try within(rule.gamma, 0...1, at + ".gamma")
      try within(rule.preDecay, 0...1, at + ".preDecay")
      try within(rule.postDecay, 0...1, at + ".postDecay")
      try within(rule.aPre, -4...4, at + ".aPre")
      try within(rule.aPost, -4...4, at + ".aPost")
    case .pairSTDP(let rule):
      let at = field + ".plasticity"
      try within(rule.aPlus, 0...1, at + ".aPlus")
      try within(rule.aMinus, 0...1, at + ".aMinus")
      try positive(rule.tauPre, at + ".tauPre")
      try positive(rule.tauPost, at + ".tauPost")
      try within(rule.weightMin, -1e3...1e3, at + ".weightMin")
      try within(rule.weightMax, rule.weightMin...2e3, at + ".weightMax")
    }
  }

  private func size(of name: String, _ field: String) throws(NetworkError) -> Int {
    guard let population = population(named: name) else {
      throw NetworkError(
        field: field, found: "`\(name)`", expected: "the name of a population",
        cure: "name one of: " + populations.map(\.name).joined(separator: ", "))
    }
    return population.size
  }

  private func positive(_ value: Double, _ field: String) throws(NetworkError) {
    guard value.isFinite, value > 0 else {
      throw NetworkError(
        field: field, found: "\(value)", expected: "a finite number above 0",
        cure: "set it, times in seconds")
    }
  }

  private func within(
    _ value: Double, _ range: ClosedRange<Double>, _ field: String
  ) throws(NetworkError) {
    guard range.contains(value) else {
      throw NetworkError(
        field: field, found: "\(value)",
        expected: "\(range.lowerBound) to \(range.upperBound)", cure: "set it within this range")
    }
  }

  private static func isName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, bytes.count <= 63, isLowerAlphanumeric(first) else {
      return false
    }
    return bytes.allSatisfy {
      isLowerAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D
    }
  }

  private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
  }
}
