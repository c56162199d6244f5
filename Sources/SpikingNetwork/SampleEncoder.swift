/// Input spikes of whole samples, as a network's encoder and the chip's have them.
///
/// All rules are in integers, so that the desk and the chip see the same spikes.
package struct SampleEncoder: Sendable {
  /// What decides the spikes.
  package enum Rule: Sendable, Equatable {
    /// A channel spikes in a step iff a draw is below the level of its intensity.
    case draws(seed: UInt64, levels: [UInt16])
    /// A channel spikes once, in step `(255 - intensity) * steps / 255`, never where it is 0.
    case latency
    /// No spikes: channels that are not 0 are told of once, in step 0.
    case directCurrent
    /// Source 2c spikes where the level of channel c has risen by `threshold`, 2c + 1 where it has
    /// fallen by it, since the channel's last spike or the first step.
    case levelCrossing(threshold: Int)
  }

  private let rule: Rule
  private let steps: Int
  private let bernoulli: BernoulliEncoder?

  /// An encoder for samples that are shown for `steps` steps.
  package init(_ rule: Rule, steps: Int) {
    self.rule = rule
    self.steps = steps
    if case .draws(let seed, let levels) = rule {
      bernoulli = BernoulliEncoder(seed: seed, levels: levels)
    } else {
      bernoulli = nil
    }
  }

  /// The encoder that a network describes.
  package init(_ network: SpikingNetwork) {
    self.init(network.encoder.rule(timeStep: network.timeStep), steps: network.steps)
  }

  /// Whether intensities act through weights rather than by spikes.
  package var isDirect: Bool { rule == .directCurrent }

  /// Fills `spikes` with the sources that spike, rising, one entry for each step.
  ///
  /// What it held before is dropped, its storage is kept.
  package func encode(
    _ intensities: [UInt8], sample: UInt64, into spikes: inout [[Int32]]
  ) {
    if spikes.count != steps { spikes = [[Int32]](repeating: [], count: steps) }
    if let bernoulli {
      for step in 0..<steps {
        bernoulli.encode(intensities, sample: sample, step: step, into: &spikes[step])
      }
      return
    }
    for step in 0..<steps { spikes[step].removeAll(keepingCapacity: true) }
    switch rule {
    case .draws: break
    case .latency:
      for (channel, intensity) in intensities.enumerated() where intensity > 0 {
        spikes[(255 - Int(intensity)) * steps / 255].append(Int32(channel))
      }
    case .directCurrent:
      for (channel, intensity) in intensities.enumerated() where intensity > 0 {
        spikes[0].append(Int32(channel))
      }
    case .levelCrossing(let threshold):
      let channels = intensities.count / steps
      for channel in 0..<channels {
        var level = Int(intensities[channel])
        for step in 0..<steps {
          let moved = Int(intensities[step * channels + channel]) - level
          guard abs(moved) >= threshold else { continue }
          spikes[step].append(Int32(2 * channel + (moved < 0 ? 1 : 0)))
          level += moved
        }
      }
    }
  }

  /// The same, in new arrays.
  package func spikes(of intensities: [UInt8], sample: UInt64) -> [[Int32]] {
    var spikes: [[Int32]] = []
    encode(intensities, sample: sample, into: &spikes)
    return spikes
  }
}

extension SpikeEncoder {
  /// What decides the spikes, in integers.
  package func rule(timeStep: Double) -> SampleEncoder.Rule {
    switch self {
    case .bernoulli(let seed, _, _), .poisson(let seed, _):
      .draws(seed: seed, levels: levels(timeStep: timeStep) ?? BernoulliEncoder.plainLevels)
    case .latency: .latency
    case .directCurrent: .directCurrent
    case .levelCrossing(let threshold): .levelCrossing(threshold: threshold)
    }
  }
}
