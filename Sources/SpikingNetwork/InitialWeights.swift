/// Weights before any training, drawn from counters.
package enum InitialWeights {
  /// `count` weights between 0 and `limit`, each alike.
  package static func uniform(
    count: Int, limit: Double, seed: UInt64, stream: UInt64
  ) -> [Float] {
    let base = CounterRandom(seed: seed, purpose: .initialWeights).stream(stream)
    return (0..<count).map { index in
      let draw = CounterRandom.draw(base, UInt64(index)) >> 11
      return Float(Double(draw) / 9_007_199_254_740_992 * limit)
    }
  }

  /// `count` weights of mean 0 and the given standard deviation, nearly normal.
  ///
  /// Each is the sum of twelve uniform 16-bit draws (Irwin-Hall), so it lies within six standard
  /// deviations. `stream` tells the projections of one network apart.
  package static func normal(
    count: Int, standardDeviation: Double, seed: UInt64, stream: UInt64
  ) -> [Float] {
    let random = CounterRandom(seed: seed, purpose: .initialWeights)
    let base = random.stream(stream)
    return (0..<count).map { index in
      var sum = 0.0
      for part in 0..<3 {
        let draw = CounterRandom.draw(base, UInt64(index * 3 + part))
        for field in 0..<4 { sum += Double((draw >> UInt64(16 * field)) & 0xFFFF) + 0.5 }
      }
      return Float((sum / 65_536 - 6) * standardDeviation)
    }
  }
}
