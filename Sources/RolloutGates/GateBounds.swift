/// What a new model must keep to, against the model that it is to replace.
///
/// A bound that is nil is not looked at.
package struct GateBounds: Sendable, Equatable, Codable {
  /// Most accuracy that it may lose, as a share in 0..<1.
  package var accuracyDropMax: Double?
  /// Most joules an inference, as a multiple.
  package var joulesRatioMax: Double?
  /// Fewest spikes an inference, as a multiple.
  package var spikesRatioMin: Double?
  /// Most spikes an inference, as a multiple.
  package var spikesRatioMax: Double?
  /// Most chip time an inference, as a multiple.
  package var latencyRatioMax: Double?
  /// Most inputs that both answer differently, as a share in 0..<1; for nodes without labels.
  package var disagreementMax: Double?
  /// Inputs before which no gate passes.
  package var samplesMin: UInt64
  /// Greatest probability that one gate ever passes what breaks its bound, or the reverse.
  package var errorRate: Double

  /// The bounds of a careful fleet: two points, ten per cent of the energy, half to one and a half
  /// times the spikes.
  package init(
    accuracyDropMax: Double? = 0.02, joulesRatioMax: Double? = 1.1,
    spikesRatioMin: Double? = 0.5, spikesRatioMax: Double? = 1.5, latencyRatioMax: Double? = nil,
    disagreementMax: Double? = nil, samplesMin: UInt64 = 500, errorRate: Double = 0.001
  ) {
    self.accuracyDropMax = accuracyDropMax
    self.joulesRatioMax = joulesRatioMax
    self.spikesRatioMin = spikesRatioMin
    self.spikesRatioMax = spikesRatioMax
    self.latencyRatioMax = latencyRatioMax
    self.disagreementMax = disagreementMax
    self.samplesMin = samplesMin
    self.errorRate = errorRate
  }
}
