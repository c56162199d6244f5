package import SpikingNetwork

extension LabelledSamples {
  /// With twice the channels: after those of a sample, what each lacks to full intensity.
  ///
  /// Every sample then has the same sum of intensities, so a large picture drives a neuron no
  /// more than a small one (on and off cells of a retina).
  package func withOffChannels() -> LabelledSamples {
    var doubled: [UInt8] = []
    doubled.reserveCapacity(2 * intensities.count)
    for sample in 0..<count {
      let own = intensities[sample * channels..<(sample + 1) * channels]
      doubled += own
      doubled += own.map { 255 - $0 }
    }
    return LabelledSamples(
      channels: 2 * channels, intensities: doubled, labels: labels, ids: ids)
  }

  /// With `percent` of each intensity, 1 to 100, rounded to the nearest, halves up.
  package func dimmed(percent: Int) -> LabelledSamples {
    precondition((1...100).contains(percent), "\(percent) percent, expected 1 to 100")
    return LabelledSamples(
      channels: channels,
      intensities: intensities.map { UInt8((Int($0) * percent + 50) / 100) }, labels: labels,
      ids: ids)
  }

  /// With what lies above `threshold`, 0 to 254, stretched to the full range, and 0 elsewhere
  /// (a soft threshold): `(intensity - threshold) * 255 / (255 - threshold)`, rounded to the
  /// nearest, halves up.
  package func aboveThreshold(_ threshold: Int) -> LabelledSamples {
    precondition((0...254).contains(threshold), "threshold \(threshold), expected 0 to 254")
    let range = 255 - threshold
    return LabelledSamples(
      channels: channels,
      intensities: intensities.map {
        UInt8((max(0, Int($0) - threshold) * 255 + range / 2) / range)
      }, labels: labels, ids: ids)
  }
}
