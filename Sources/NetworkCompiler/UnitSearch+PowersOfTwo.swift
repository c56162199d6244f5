import CompiledModel
import SpikingNetwork

extension UnitSearch {
  func powersOfTwo() -> LayerUnits {
    var exponents = edges.map(exponent)
    // A connection so much finer than the others loses less than they do.
    let finest = max(exponents.min() ?? 0, (exponents.max() ?? 0) - Self.shiftMax)
    exponents = exponents.map { max($0, finest) }
    return LayerUnits(
      exponent: finest, scales: [Double(sign: .plus, exponent: finest, significand: 1)],
      shifts: exponents.map { Int32($0 - finest) }, limits: edges.map(\.limit),
      isScaled: false)
  }

  func exponent(_ edge: EdgeWeights) -> Int {
    let (largest, mean) = edge.weights.magnitudes(groups: 1)
    if edge.isBinary {
      let scale = mean[0] * resistance
      guard scale > 0 else { return Self.exponents.lowerBound }
      let nearest = Int(Self.binaryLogarithm(scale).rounded())
      return max(Self.exponents.lowerBound, min(Self.exponents.upperBound + 1, nearest))
    }
    guard edge.rule == nil else { return fitting(learningReach(edge, largest: largest[0])) }
    let exact = fitting(largest[0] * resistance / Double(edge.limit))
    let lowest = max(exact - 3, fitting(0))
    guard lowest < exact, largest[0] > 0 else { return exact }
    let candidates = Array(lowest...exact)
    let finest = Double(sign: .plus, exponent: lowest, significand: 1)
    let errors = WeightQuantiser.errors(
      of: edge.weights, factors: [resistance / finest],
      scales: candidates.map { Double(1 << ($0 - lowest)) }, limit: edge.limit, rates: edge.rates)
    // The coarsest of equals clips least.
    var best = candidates.count - 1
    for candidate in candidates.indices.reversed() where errors[candidate] < errors[best] {
      best = candidate
    }
    return candidates[best]
  }

  /// The smallest exponent whose unit is at least `reach` and leaves room above the threshold.
  func fitting(_ reach: Double) -> Int {
    var exponent = Self.exponents.lowerBound
    while exponent <= Self.exponents.upperBound {
      let unit = Double(sign: .plus, exponent: exponent, significand: 1)
      if reach <= unit, least <= unit { break }
      exponent += 1
    }
    return exponent
  }

  /// The unit that leaves learning the room that it needs.
  func learningReach(_ edge: EdgeWeights, largest: Double) -> Double {
    let top = Double(ChipArithmetic.weightLimit + 1)
    switch edge.rule {
    case .threeFactor:
      // One bit of headroom, so that learning can double the largest weight. However small weights
      // start, a spiking layer's may grow to the threshold before they saturate, and a readout's,
      // which learning moves furthest, to two logits for each spike.
      return max(
        largest * resistance / Double(edge.limit / 2), (isReadout ? 2 : threshold) / top)
    case .edgeLearning:
      // A weight of one bit is one unit.
      return resistance
    case .pairSTDP, .sdsp, .program:
      // Bounds lose their last 0.4 % rather than half of their resolution.
      let range = edge.rule?.weightRange ?? (0, 0)
      return max(abs(range.low), abs(range.high)) * resistance / top
    case nil:
      return largest * resistance / Double(edge.limit)
    }
  }
}
