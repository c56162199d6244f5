import CompiledModel
import SpikingNetwork

/// Weights of a projection under the finest power of two that holds them.
struct QuantisedWeights {
  /// Exponents that the chip's weights may have.
  static let exponents = -20...8
  /// Potentials up to this many thresholds stay within 24 bits.
  private static let thresholdsMax = 8.0

  let sourceSize: Int
  let exponent: Int
  /// Largest magnitude among the weights, or the bounds that a rule keeps them to.
  let largest: Double
  /// Largest integer magnitude that a weight may start with.
  let weightLimit: Int
  /// Row-major `[source][target]`.
  let inference: [Int8]
  /// The same in 16 bits.
  let learning: [Int16]
  /// The range that learning keeps to.
  let bounds: ClosedRange<Int16>
  let roundingError: Double
  /// A first weight that a rule's bounds exclude.
  let outsideBounds: (limit: String, found: Double)?

  init(_ link: LayerChain.Link, chip: Chip) {
    let projection = link.projection
    let (r, threshold) = Self.resistanceAndThreshold(link.population.model)
    let targets = link.population.size
    let sources = projection.weights.count / targets
    sourceSize = sources
    var limit = min(ChipArithmetic.weightLimit, (1 << max(0, chip.core.weightBits - 1)) - 1)
    var largest = projection.weights.reduce(0) { max($0, abs(Double($1))) }
    var stdp: PairSTDPRule?
    switch projection.plasticity {
    case .threeFactor:
      // One bit of headroom, so that learning can double the largest weight.
      limit /= 2
    case .pairSTDP(let rule):
      stdp = rule
      largest = max(largest, max(abs(rule.weightMin), abs(rule.weightMax)))
    case nil:
      break
    }
    weightLimit = limit
    self.largest = largest * r
    var reach = largest * r / Double(limit)
    if case .threeFactor? = projection.plasticity {
      // However small weights start, a spiking layer's may grow to the threshold before they
      // saturate, and a readout's, which learning moves furthest, to two logits for each spike.
      if case .lif = link.population.model {
        reach = max(reach, threshold / 128)
      } else {
        reach = max(reach, 2.0 / 128)
      }
    }
    exponent = Self.exponent(reach: reach, threshold: threshold)

    let coarse = r / Double(sign: .plus, exponent: exponent, significand: 1)
    let fine = coarse * 256
    let legal = ChipArithmetic.learningWeights
    if let stdp {
      bounds =
        Self.int16(
          (stdp.weightMin * fine).rounded(.up), legal)...Self.int16(
          (stdp.weightMax * fine).rounded(.down), legal)
      outsideBounds = projection.weights.first {
        Double($0) < stdp.weightMin || Double($0) > stdp.weightMax
      }.map { ("\(stdp.weightMin) to \(stdp.weightMax)", Double($0)) }
    } else {
      bounds = legal
      outsideBounds = nil
    }

    var inference = [Int8](repeating: 0, count: sources * targets)
    var learning = [Int16](repeating: 0, count: sources * targets)
    var squares = 0.0
    for target in 0..<targets {
      for source in 0..<sources {
        let weight = Double(projection.weights[target * sources + source])
        let index = source * targets + target
        learning[index] = Self.int16((weight * fine).rounded(), bounds)
        let whole = max(-Double(limit), min(Double(limit), (weight * coarse).rounded()))
        inference[index] =
          projection.plasticity == nil
          ? Int8(whole) : ChipArithmetic.inferenceWeight(learning[index])
        let error = Double(inference[index]) / coarse - weight
        squares += error * error
      }
    }
    self.inference = inference
    self.learning = learning
    roundingError = (squares / Double(sources * targets)).squareRoot()
  }

  /// The smallest exponent whose unit is at least `reach` and leaves room above the threshold.
  private static func exponent(reach: Double, threshold: Double) -> Int {
    var exponent = exponents.lowerBound
    let room = Double(ChipArithmetic.potentialLimit) / thresholdsMax
    while exponent <= exponents.upperBound {
      let unit = Double(sign: .plus, exponent: exponent, significand: 1)
      let potential = threshold / unit * Double(1 << Int(ChipArithmetic.inputShift))
      if reach <= unit, potential <= room { break }
      exponent += 1
    }
    return exponent
  }

  private static func resistanceAndThreshold(_ model: NeuronModel) -> (Double, Double) {
    switch model {
    case .lif(let lif): (lif.r, lif.vThreshold)
    case .leakyIntegrator(let integrator): (integrator.r, 1)
    case .input: (1, 1)
    }
  }

  private static func int16(_ value: Double, _ range: ClosedRange<Int16>) -> Int16 {
    Int16(max(Double(range.lowerBound), min(Double(range.upperBound), value)))
  }
}
