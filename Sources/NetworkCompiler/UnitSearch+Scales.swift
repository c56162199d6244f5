import CompiledModel
import SpikingNetwork

extension UnitSearch {
  func scaled(groups: Int) -> LayerUnits {
    let ranges = edges.map { range(of: $0, groups: groups) }
    var steps = steps(ranges, groups: groups)
    let highest = steps.max() ?? 0
    steps = steps.map { max($0, highest - Self.shiftMax) }
    let lowest = steps.min() ?? 0
    steps = steps.map { $0 - lowest }
    var scales = merged(ranges, steps: steps, groups: groups)
    let mean = scales.reduce(0, +) / Double(groups)
    let floor = edges.contains { $0.isBinary } ? 0 : least
    for group in scales.indices {
      if scales[group] == 0 { scales[group] = mean > 0 ? mean : 1 }
      scales[group] = max(scales[group], floor)
    }
    let shifts = steps.map(Int32.init)
    if !edges.contains(where: { $0.isBinary }) {
      scales = clipped(scales, shifts: shifts, floor: floor)
    }
    let centre = scales.reduce(0, +) / Double(groups)
    let legal = LayerUnits.exponents
    let exponent = Int(Self.binaryLogarithm(centre).rounded())
    return LayerUnits(
      exponent: max(legal.lowerBound, min(legal.upperBound, exponent)), scales: scales,
      shifts: shifts, limits: edges.map(\.limit), isScaled: true)
  }

  /// By how many doublings the unit of each connection is coarser than that of one of them.
  ///
  /// Binary ones keep their ratios as nearly as doublings can, others fit beside them; without
  /// binary ones none loses more than half a bit of its range.
  private func steps(_ ranges: [[Double]], groups: Int) -> [Int] {
    let typical = ranges.map { $0.max() ?? 0 }
    let anchor = edges.firstIndex { $0.isBinary } ?? 0
    var steps = typical.map {
      Int(Self.binaryLogarithm(typical[anchor] > 0 ? $0 / typical[anchor] : 1).rounded())
    }
    guard edges.contains(where: { $0.isBinary }) else { return steps }
    let base = merged(ranges, steps: steps, groups: groups)
    for edge in edges.indices where !edges[edge].isBinary {
      let ratio = base.indices.reduce(0) {
        max($0, base[$1] > 0 ? ranges[edge][$1] / base[$1] : 0)
      }
      steps[edge] = Int(Self.binaryLogarithm(ratio).rounded(.up))
    }
    return steps
  }

  /// The unit of the finest connection by group: the one that all weights fit, or where some are
  /// binary, the mean of what these stand for.
  private func merged(_ ranges: [[Double]], steps: [Int], groups: Int) -> [Double] {
    let binary = edges.indices.filter { edges[$0].isBinary }
    return (0..<groups).map { group in
      if binary.isEmpty {
        return edges.indices.reduce(0) { max($0, ranges[$1][group] / Self.power(steps[$1])) }
      }
      return binary.reduce(0) { $0 + ranges[$1][group] / Self.power(steps[$1]) }
        / Double(binary.count)
    }
  }

  /// The unit that the weights of each group need.
  private func range(of edge: EdgeWeights, groups: Int) -> [Double] {
    let (largest, mean) = edge.weights.magnitudes(groups: groups)
    return edge.isBinary
      ? mean.map { min(Self.rangeMax, $0 * resistance) }
      : largest.map { min(Self.rangeMax, $0 * resistance / Double(edge.limit)) }
  }

  /// Scales that clip the largest weights of a group where that costs less than it gains.
  private func clipped(_ scales: [Double], shifts: [Int32], floor: Double) -> [Double] {
    let shares = [1.0, 0.875, 0.75, 0.625, 0.5]
    var errors = [Double](repeating: 0, count: scales.count * shares.count)
    for (edge, shift) in zip(edges, shifts) {
      let factors = scales.map { resistance / ($0 * Double(1 << shift)) }
      let found = WeightQuantiser.errors(
        of: edge.weights, factors: factors, scales: shares, limit: edge.limit, rates: edge.rates)
      for index in errors.indices { errors[index] += found[index] }
    }
    return scales.indices.map { group in
      var best = 0
      for candidate in shares.indices
      where errors[group * shares.count + candidate] < errors[group * shares.count + best]
        && scales[group] * shares[candidate] >= floor
      {
        best = candidate
      }
      return scales[group] * shares[best]
    }
  }
}
