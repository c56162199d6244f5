import CompiledModel

/// Rounds the weights of a projection to integers under given units.
struct WeightQuantiser {
  let weights: ProjectionWeights
  /// What one weight of the description counts in units of the chip, by group of targets.
  let factors: [Double]
  /// Largest magnitude of an integer.
  let limit: Int

  /// Integers in the chip's order and the sum of the squares of what rounding took, in the
  /// network's units.
  func fixed(isBinary: Bool) -> (weights: [Int8], squares: Double) {
    let count = weights.count
    var squares = 0.0
    let inverse = factors.map { 1 / $0 }
    let groups = factors.count
    let targets = weights.targets
    let bound = Double(limit)
    let rounded = [Int8](unsafeUninitializedCapacity: count) { buffer, initialised in
      weights.forEach { _, target, position, weight in
        let group = ProjectionWeights.group(target, groups, targets)
        let value = Double(weight) * factors[group]
        let whole: Double
        if isBinary {
          whole = value < 0 ? -1 : 1
        } else {
          whole = Self.rounded(max(-bound, min(bound, value)))
        }
        let error = whole * inverse[group] - Double(weight)
        squares += error * error
        buffer[position] = Int8(truncatingIfNeeded: Int(whole))
      }
      initialised = count
    }
    return (rounded, squares)
  }

  /// Learning weights within bounds, on whole steps from an origin, and the squares as above for
  /// what inference sees of them.
  ///
  /// `factors` are those of inference weights.
  func learning(
    bounds: ClosedRange<Int16>, step width: Int32, from origin: Int16
  ) -> (weights: [Int16], squares: Double) {
    let count = weights.count
    var squares = 0.0
    let factor = factors[0]
    let inverse = 1 / factor
    let step = Double(width)
    let first = Double(origin)
    let start = first / step
    let fine = factor * 256 / step
    let low = (Double(bounds.lowerBound) - first) / step
    let high = (Double(bounds.upperBound) - first) / step
    let rounded = [Int16](unsafeUninitializedCapacity: count) { buffer, initialised in
      weights.forEach { _, _, position, weight in
        let whole = Self.rounded(max(low, min(high, Double(weight) * fine - start))) * step
        let learning = Int16(truncatingIfNeeded: Int(whole + first))
        let error = Double(ChipArithmetic.inferenceWeight(learning)) * inverse - Double(weight)
        squares += error * error
        buffer[position] = learning
      }
      initialised = count
    }
    return (rounded, squares)
  }

  /// Squared error of each candidate unit for each group, `[group * candidates + candidate]`.
  ///
  /// A candidate makes units `scale` times as large; errors count by the rates of the sources.
  static func errors(
    of weights: ProjectionWeights, factors: [Double], scales: [Double], limit: Int, rates: [Float]?
  ) -> [Double] {
    let groups = factors.count
    let targets = weights.targets
    let candidates = scales.count
    let bound = Double(limit)
    let inverse = scales.map { 1 / $0 }
    var errors = [Double](repeating: 0, count: groups * candidates)
    errors.withUnsafeMutableBufferPointer { errors in
      weights.forEach { source, target, _, weight in
        let group = ProjectionWeights.group(target, groups, targets)
        let value = Double(weight) * factors[group]
        let unit = rates.map { Double($0[source]) } ?? 1
        for candidate in 0..<candidates {
          let scaled = max(-bound, min(bound, value * inverse[candidate]))
          // In units of the finest candidate's, so that candidates compare.
          let error = (Self.rounded(scaled) * scales[candidate] - value) / factors[group]
          errors[group * candidates + candidate] += error * error * unit
        }
      }
    }
    return errors
  }

  /// To the nearest whole number, halves to the even one; for magnitudes below 2^51.
  @inline(__always)
  static func rounded(_ value: Double) -> Double {
    // Adding 1.5 * 2^52 leaves no bits for a fraction; a call of the C library takes ten times
    // this.
    (value + 6_755_399_441_055_744) - 6_755_399_441_055_744
  }
}
