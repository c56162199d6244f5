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
    try validateEncoder()
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
        cure: "show a sample for so many steps")
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
        expected: "1 to \(Self.populationSizeMax)",
        cure: population.size < 1 ? "leave the population out" : "split the population")
    }
    if let shape = population.shape {
      guard shape.height > 0, shape.width > 0, shape.channels > 0,
        max(shape.height, shape.width, shape.channels) <= Self.populationSizeMax,
        shape.size == population.size
      else {
        throw NetworkError(
          field: field + ".shape", found: "\(shape.height) x \(shape.width) x \(shape.channels)",
          expected: "sides above 0 whose product is the size, \(population.size)",
          cure: "give height, width and channels of the plane")
      }
    }
    try validate(population.model, at: field)
    try validateSpiking(population, at: field)
  }

  /// What only neurons that spike can do.
  private func validateSpiking(_ population: Population, at field: String) throws(NetworkError) {
    if let competition = population.competition {
      try within(competition.inhibition, 0...1e3, field + ".competition.inhibition")
    }
    if let homeostasis = population.homeostasis {
      try within(homeostasis.thetaPlus, 0...1e3, field + ".homeostasis.thetaPlus")
      try positive(homeostasis.tauTheta, field + ".homeostasis.tauTheta")
    }
    if let classes = population.classes {
      try within(Double(classes), 1...1024, field + ".classes")
    }
    switch population.model {
    case .lif, .cubaLIF, .integrateAndFire, .adaptiveLIF: return
    case .input, .leakyIntegrator: break
    }
    let present = [
      population.competition.map { _ in "competition" },
      population.homeostasis.map { _ in "homeostasis" }, population.classes.map { _ in "classes" },
    ].compactMap(\.self)
    if let key = present.first {
      throw NetworkError(
        field: field + "." + key, found: "it on a population that never spikes",
        expected: "neurons that spike", cure: "leave it out, or choose a spiking model")
    }
  }

  private func validate(_ model: NeuronModel, at field: String) throws(NetworkError) {
    switch model {
    case .input:
      break
    case .lif(let lif):
      try validate(lif, at: field)
    case .cubaLIF(let cuba):
      try validate(cuba.lif, at: field)
      try positive(cuba.tauSyn, field + ".tauSyn")
    case .integrateAndFire(let neuron):
      try positive(neuron.r, field + ".r")
      try positive(neuron.vThreshold, field + ".vThreshold")
      try within(neuron.vReset, -1e6...1e6, field + ".vReset")
      try within(neuron.refractory, 0...1e3, field + ".refractory")
    case .adaptiveLIF(let adaptive):
      try validate(adaptive.lif, at: field)
      try positive(adaptive.tauAdaptation, field + ".tauAdaptation")
      try within(adaptive.beta, 0...1e3, field + ".beta")
    case .leakyIntegrator(let integrator):
      try positive(integrator.tauMem, field + ".tauMem")
      try positive(integrator.r, field + ".r")
      try within(integrator.vLeak, -1e6...1e6, field + ".vLeak")
      if let tauSyn = integrator.tauSyn { try positive(tauSyn, field + ".tauSyn") }
    }
  }

  private func validate(_ lif: LIFParameters, at field: String) throws(NetworkError) {
    try positive(lif.tauMem, field + ".tauMem")
    try positive(lif.r, field + ".r")
    try positive(lif.vThreshold, field + ".vThreshold")
    try within(lif.vLeak, -1e6...1e6, field + ".vLeak")
    try within(lif.vReset, -1e6...1e6, field + ".vReset")
    try within(lif.refractory, 0...1e3, field + ".refractory")
  }

  func positive(_ value: Double, _ field: String) throws(NetworkError) {
    guard value.isFinite, value > 0 else {
      throw NetworkError(
        field: field, found: "\(value)", expected: "a finite number above 0",
        cure: "set it, times in seconds")
    }
  }

  func within(
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
