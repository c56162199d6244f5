/// How the intensities of a sample become input spikes.
package enum SpikeEncoder: Sendable, Equatable, Codable {
  /// Each channel spikes in each step with the probability intensity / 255.
  case bernoulli(seed: UInt64)

  /// Decides the spikes.
  package var seed: UInt64 {
    switch self {
    case .bernoulli(let seed): seed
    }
  }
}

/// Bernoulli spikes from counters: the same sample gives the same spikes at the desk and on a node.
///
/// A channel spikes iff a 16-bit draw is below `intensity * 257`. The draw depends on the seed, the
/// data set's sample id, the step and the channel only; channels 4g to 4g+3 take the 16-bit fields
/// of one 64-bit draw, lowest field first.
package struct BernoulliEncoder: Sendable {
  private let random: CounterRandom

  /// An encoder whose spikes depend on `seed`.
  package init(seed: UInt64) {
    random = CounterRandom(seed: seed, purpose: .encoder)
  }

  /// Fills `spikes` with the channels that spike in this step, in rising order.
  ///
  /// What `spikes` held before is dropped, its storage is kept.
  package func encode(
    _ intensities: [UInt8], sample: UInt64, step: Int, into spikes: inout [Int32]
  ) {
    spikes.removeAll(keepingCapacity: true)
    let stream = random.stream(sample, UInt64(truncatingIfNeeded: step))
    intensities.withUnsafeBufferPointer { pixels in
      let whole = pixels.count & ~3
      var base = 0
      while base < whole {
        let any = pixels[base] | pixels[base + 1] | pixels[base + 2] | pixels[base + 3]
        if any != 0 {
          var draw = CounterRandom.draw(stream, UInt64(truncatingIfNeeded: base >> 2))
          for channel in base..<base + 4 {
            if UInt32(draw & 0xFFFF) < UInt32(pixels[channel]) &* 257 {
              spikes.append(Int32(truncatingIfNeeded: channel))
            }
            draw >>= 16
          }
        }
        base += 4
      }
      if whole < pixels.count {
        var draw = CounterRandom.draw(stream, UInt64(truncatingIfNeeded: whole >> 2))
        for channel in whole..<pixels.count {
          if UInt32(draw & 0xFFFF) < UInt32(pixels[channel]) &* 257 {
            spikes.append(Int32(truncatingIfNeeded: channel))
          }
          draw >>= 16
        }
      }
    }
  }
}
