/// Bernoulli spikes from counters: the same sample gives the same spikes at the desk and on a node.
///
/// A channel spikes iff a 16-bit draw is below the level of its intensity. The draw depends on the
/// seed, the data set's sample id, the step and the channel only; channels 4g to 4g+3 take the
/// 16-bit fields of one 64-bit draw, lowest field first.
package struct BernoulliEncoder: Sendable {
  /// Levels for the probability intensity / 255.
  package static let plainLevels: [UInt16] = (0...255).map { $0 * 257 }

  private let random: CounterRandom
  private let levels: [UInt16]

  /// An encoder whose spikes depend on `seed`; `levels` has one entry for each intensity.
  package init(seed: UInt64, levels: [UInt16] = plainLevels) {
    precondition(levels.count == 256, "\(levels.count) levels of 256 intensities")
    random = CounterRandom(seed: seed, purpose: .encoder)
    self.levels = levels
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
      levels.withUnsafeBufferPointer { levels in
        var base = 0
        while base < pixels.count {
          let end = min(base + 4, pixels.count)
          var any: UInt16 = 0
          for channel in base..<end { any |= levels[Int(pixels[channel])] }
          if any != 0 {
            var draw = CounterRandom.draw(stream, UInt64(truncatingIfNeeded: base >> 2))
            for channel in base..<end {
              if UInt16(truncatingIfNeeded: draw) < levels[Int(pixels[channel])] {
                spikes.append(Int32(truncatingIfNeeded: channel))
              }
              draw >>= 16
            }
          }
          base += 4
        }
      }
    }
  }
}
