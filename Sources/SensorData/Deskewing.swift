package import SpikingNetwork

/// Square pictures without the slant of a hand.
///
/// Rows are moved sideways until a picture's covariance of x and y is nothing; its centre of mass
/// stays.
package struct Deskewing: Sendable, Equatable {
  /// Pixels of a side.
  package let side: Int

  /// Parts of a pixel in which rows move.
  private static let parts = 256

  /// For pictures of `channels` pixels; throws where they are no squares of at most 1,024 a side.
  package init(channels: Int) throws(SensorDataError) {
    side = try SquarePicture.side(pixels: channels, for: "deskewing")
  }

  /// The same samples upright; labels and ids stay.
  package func callAsFunction(_ samples: LabelledSamples) -> LabelledSamples {
    precondition(
      samples.channels == side * side, "\(samples.channels) channels, expected \(side * side)")
    var intensities: [UInt8] = []
    intensities.reserveCapacity(samples.intensities.count)
    for sample in 0..<samples.count {
      let start = sample * samples.channels
      appendUpright(samples.intensities[start..<start + samples.channels], to: &intensities)
    }
    return LabelledSamples(
      channels: samples.channels, intensities: intensities, labels: samples.labels,
      ids: samples.ids)
  }

  /// A new pixel is read between two old ones of its row; what is read from outside is 0.
  private func appendUpright(_ picture: ArraySlice<UInt8>, to upright: inout [UInt8]) {
    let shear = shear(of: picture)
    let parts = Self.parts
    for row in 0..<side {
      let start = picture.startIndex + row * side
      let shift = Int((Double(parts) * shear.slope * (Double(row) - shear.centre)).rounded())
      let (pixels, part) = (shift >> 8, shift & (parts - 1))
      func old(_ column: Int) -> Int {
        (0..<side).contains(column) ? Int(picture[start + column]) : 0
      }
      for column in 0..<side {
        let left = old(column + pixels)
        let right = old(column + pixels + 1)
        upright.append(UInt8(((parts - part) * left + part * right + parts / 2) >> 8))
      }
    }
  }

  /// Pixels to the right for each row down, and the row at which nothing moves.
  ///
  /// They are the covariance of x and y over the variance of y, and the mean of y, weighted with
  /// the intensities. Sums are of whole numbers, and no machine contracts what follows, so all get
  /// the same.
  private func shear(of picture: ArraySlice<UInt8>) -> (slope: Double, centre: Double) {
    var (mass, x, y, xy, yy) = (0, 0, 0, 0, 0)
    for (place, intensity) in picture.enumerated() {
      let (row, column, intensity) = (place / side, place % side, Int(intensity))
      mass += intensity
      x += intensity * column
      y += intensity * row
      xy += intensity * column * row
      yy += intensity * row * row
    }
    guard mass > 0 else { return (0, 0) }
    let centre = Double(y) / Double(mass)
    let variance = Double(yy) - Double(y) * centre
    guard variance > 0 else { return (0, centre) }
    return ((Double(xy) - Double(x) * centre) / variance, centre)
  }
}
