/// Samples with their labels and ids, each of the same number of channels.
///
/// Intensities lie one sample after the other in one array. The id is the sample's name in its data
/// set: the encoder keys on it, so it stays the same wherever the sample goes.
package struct LabelledSamples: Sendable, Equatable {
  /// Intensities of one sample.
  package let channels: Int
  /// `channels` intensities for each sample, sample after sample.
  package private(set) var intensities: [UInt8]
  /// The class of each sample.
  package private(set) var labels: [UInt8]
  /// The id of each sample in its data set.
  package private(set) var ids: [UInt64]

  /// No samples yet, each of `channels` intensities.
  package init(channels: Int) {
    precondition(channels > 0, "samples of \(channels) channels, at least 1 expected")
    self.channels = channels
    intensities = []
    labels = []
    ids = []
  }

  /// Takes samples that lie one after the other; the three counts have to agree.
  package init(channels: Int, intensities: [UInt8], labels: [UInt8], ids: [UInt64]) {
    precondition(channels > 0, "samples of \(channels) channels, at least 1 expected")
    precondition(
      labels.count == ids.count && intensities.count == channels * labels.count,
      "\(intensities.count) intensities, \(labels.count) labels and \(ids.count) ids of samples of "
        + "\(channels) channels")
    self.channels = channels
    self.intensities = intensities
    self.labels = labels
    self.ids = ids
  }

  /// Number of samples.
  package var count: Int { labels.count }

  /// Whether there is no sample.
  package var isEmpty: Bool { labels.isEmpty }

  /// One sample by its position.
  package subscript(position: Int) -> LabelledSample {
    LabelledSample(
      intensities: Array(intensities[position * channels..<(position + 1) * channels]),
      label: Int(labels[position]), id: ids[position])
  }

  /// Adds one sample at the end; its label has to lie in 0 to 255.
  package mutating func append(_ sample: LabelledSample) {
    precondition(
      sample.intensities.count == channels && (0...255).contains(sample.label),
      "a sample of \(sample.intensities.count) channels and label \(sample.label), expected "
        + "\(channels) channels and a label in 0 to 255")
    intensities += sample.intensities
    labels.append(UInt8(sample.label))
    ids.append(sample.id)
  }

  /// The samples at these positions, in this order.
  package func selecting(_ positions: some Collection<Int>) -> LabelledSamples {
    var chosen = LabelledSamples(channels: channels)
    chosen.intensities.reserveCapacity(positions.count * channels)
    for position in positions {
      chosen.intensities += intensities[position * channels..<(position + 1) * channels]
      chosen.labels.append(labels[position])
      chosen.ids.append(ids[position])
    }
    return chosen
  }
}

/// One sample: what the encoder turns into spikes, and what it shows.
package struct LabelledSample: Sendable, Equatable {
  /// One intensity for each channel.
  package var intensities: [UInt8]
  /// The class that it shows.
  package var label: Int
  /// Its id in its data set.
  package var id: UInt64

  /// A sample of class `label`, named `id` in its data set.
  package init(intensities: [UInt8], label: Int, id: UInt64) {
    self.intensities = intensities
    self.label = label
    self.id = id
  }
}
