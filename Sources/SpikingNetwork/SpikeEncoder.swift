/// How the intensities of a sample become input spikes.
package enum SpikeEncoder: Sendable, Equatable, Codable {
  /// Each channel spikes in each step with the probability `intensity / 255 * p`.
  ///
  /// p is `maxProbability`, or `maxRate` in Hz times the step's length, or 1; never both.
  case bernoulli(seed: UInt64, maxProbability: Double? = nil, maxRate: Double? = nil)
  /// Each channel spikes in a step with the probability that a Poisson process of the rate
  /// `intensity / 255 * maxRate`, in Hz, has one spike or more.
  case poisson(seed: UInt64, maxRate: Double)
  /// Each channel that is not silent spikes once, the stronger the earlier: the time to the first
  /// spike tells the intensity.
  case latency
  /// Intensities drive the first neurons themselves: `weight * intensity / 256` in each step.
  case directCurrent
  /// A sample is levels, step by step.
  ///
  /// Two sources of each channel spike where the level has risen or fallen by `threshold` since
  /// the channel's last spike.
  case levelCrossing(threshold: Int)

  /// Decides the spikes, where chance does.
  package var seed: UInt64? {
    switch self {
    case .bernoulli(let seed, _, _), .poisson(let seed, _): seed
    case .latency, .directCurrent, .levelCrossing: nil
    }
  }

  /// Seeds the spikes anew, where chance decides them.
  package func seeded(_ seed: UInt64) -> SpikeEncoder {
    switch self {
    case .bernoulli(_, let maxProbability, let maxRate):
      .bernoulli(seed: seed, maxProbability: maxProbability, maxRate: maxRate)
    case .poisson(_, let maxRate): .poisson(seed: seed, maxRate: maxRate)
    case .latency, .directCurrent, .levelCrossing: self
    }
  }

  /// What a 16-bit draw of a channel has to be below for a spike, by intensity; nil without draws.
  package func levels(timeStep: Double) -> [UInt16]? {
    func table(_ probability: (Double) -> Double) -> [UInt16] {
      (0...255).map { intensity in
        UInt16((min(1, max(0, probability(Double(intensity) / 255))) * 65535).rounded())
      }
    }
    switch self {
    case .bernoulli(_, let maxProbability?, _): return table { $0 * maxProbability }
    case .bernoulli(_, nil, let maxRate?): return table { $0 * maxRate * timeStep }
    case .bernoulli: return BernoulliEncoder.plainLevels
    case .poisson(_, let maxRate):
      return table { 1 - NaturalExponential.exponential(-$0 * maxRate * timeStep) }
    case .latency, .directCurrent, .levelCrossing: return nil
    }
  }

  /// Intensities of one sample of a network with so many inputs and steps.
  package func sampleSize(inputs: Int, steps: Int) -> Int {
    if case .levelCrossing = self { return inputs / 2 * steps }
    return inputs
  }
}

extension SpikingNetwork {
  /// Intensities of one sample.
  package var sampleSize: Int {
    let inputs = populations.first { $0.model == .input }?.size ?? 0
    return encoder.sampleSize(inputs: inputs, steps: steps)
  }

  func validateEncoder() throws(NetworkError) {
    switch encoder {
    case .bernoulli(_, let maxProbability, let maxRate):
      if maxProbability != nil, maxRate != nil {
        throw NetworkError(
          field: "encoder.bernoulli.maxRate", found: "beside maxProbability",
          expected: "one of the two", cure: "leave one out")
      }
      if let maxProbability {
        try within(maxProbability, 0...1, "encoder.bernoulli.maxProbability")
      }
      if let maxRate {
        try positive(maxRate, "encoder.bernoulli.maxRate")
        try within(maxRate * timeStep, 0...1, "encoder.bernoulli.maxRate times timeStep")
      }
    case .poisson(_, let maxRate):
      try positive(maxRate, "encoder.poisson.maxRate")
    case .latency, .directCurrent: break
    case .levelCrossing(let threshold):
      guard (1...255).contains(threshold) else {
        throw NetworkError(
          field: "encoder.levelCrossing.threshold", found: "\(threshold)", expected: "1 to 255",
          cure: "give the step between two levels")
      }
      let inputs = populations.first { $0.model == .input }?.size ?? 0
      guard inputs % 2 == 0 else {
        throw NetworkError(
          field: "populations", found: "\(inputs) inputs",
          expected: "two for each channel, one for rises and one for falls",
          cure: "make the input twice as large as a sample has channels")
      }
    }
  }
}
