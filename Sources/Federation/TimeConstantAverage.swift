/// Averages leaks of nodes whose steps differ: time constants have a mean, decays have not.
///
/// A decay is alpha = exp(-dt / tau) in 1/4096, as the chip has it; the mean of two decays is that
/// of no time constant in particular, and of none at all where steps differ.
package enum TimeConstantAverage {
  /// A decay that keeps everything: no leak, and no time constant.
  package static let decayOne: Int32 = 4_096

  /// One node's leak.
  package struct Leak: Sendable, Equatable {
    /// What a step keeps, 0 to 4096.
    package var decay: Int32
    /// Seconds of a step, or any unit that all nodes share.
    package var step: Double
    /// Samples trained: the weight in the mean.
    package var samples: UInt32

    /// A leak as it is given.
    package init(decay: Int32, step: Double, samples: UInt32) {
      self.decay = decay
      self.step = step
      self.samples = samples
    }
  }

  /// The decay, for steps of `step`, of the mean time constant, in node order.
  ///
  /// Where all nodes have the step and the decay, that decay comes back. A leak stays one: it is
  /// not rounded up to none. Logarithm and exponential are series that give the same bits on every
  /// machine. Throws `mixed-leak` where only some nodes leak.
  package static func merge(_ leaks: [Leak], step: Double) throws(AggregationError) -> Int32 {
    guard !leaks.isEmpty else { throw .noUpdates }
    try checkStep(step)
    var sum = 0.0
    var total = 0.0
    for (update, leak) in leaks.enumerated() {
      guard (0...decayOne).contains(leak.decay) else {
        throw .parameter(name: "decay", found: "\(leak.decay)", expected: "0 to \(decayOne)")
      }
      guard leak.samples > 0 else {
        throw .sampleCount(update: update, found: 0, limit: UInt64(UInt32.max))
      }
      try checkStep(leak.step)
      sum += Double(leak.samples) * tau(leak)
      total += Double(leak.samples)
    }
    let isLeakless = leaks.map { $0.decay == decayOne }
    guard !isLeakless.contains(true) else {
      guard !isLeakless.contains(false) else { throw .mixedLeak }
      return decayOne
    }
    guard sum > 0 else { return 0 }
    let alpha = ElementaryFunctions.exp(-step * total / sum)
    let decay = Int32((alpha * Double(decayOne)).rounded(.toNearestOrEven))
    return min(decay, decayOne - 1)
  }

  private static func tau(_ leak: Leak) -> Double {
    guard leak.decay > 0, leak.decay < decayOne else { return 0 }
    return -leak.step / ElementaryFunctions.log(Double(leak.decay) / Double(decayOne))
  }

  private static func checkStep(_ step: Double) throws(AggregationError) {
    guard step >= 1e-9, step <= 1e9 else {
      throw .parameter(name: "step", found: "\(step)", expected: "1e-9 to 1e9")
    }
  }
}
