/// How the neurons of a population lie in a plane, for projections that know neighbourhoods.
///
/// Neurons are numbered with the channel running fastest: `(y * width + x) * channels + channel`.
package struct FeatureShape: Sendable, Equatable, Codable {
  /// Rows of the plane.
  package var height: Int
  /// Columns of the plane.
  package var width: Int
  /// Neurons at each place.
  package var channels: Int

  /// A plane of `height` x `width` places with `channels` neurons each.
  package init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// Number of neurons.
  package var size: Int { height * width * channels }

  /// The shape after sums over windows of `window` x `window` places; what is left over is dropped.
  package func pooled(by window: Int) -> FeatureShape {
    FeatureShape(height: height / window, width: width / window, channels: channels)
  }
}
