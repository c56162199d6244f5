package import SpikingNetwork

/// Square pictures of another size: a margin is cut off, then each new pixel is the
/// mean of what it covers, in whole numbers, so that every machine gets the same pixels.
package struct AreaResampling: Sendable, Equatable {
  /// Pixels of a side before.
  package let side: Int
  /// Pixels that are cut off at each edge.
  package let margin: Int
  /// Pixels of a side afterwards.
  package let newSide: Int

  private let spans: [[Span]]

  /// A source row or column, and how much of it a new one covers, in parts of `newSide`.
  private struct Span: Equatable {
    let position: Int
    let share: Int
  }

  /// For pictures of `channels` pixels; throws where they are no squares, or nothing would be left.
  package init(channels: Int, margin: Int, newSide: Int) throws(SensorDataError) {
    let side = try SquarePicture.side(pixels: channels, for: "resampling")
    func refused(_ field: String, _ found: String, _ expected: String, _ cure: String)
      -> SensorDataError
    {
      SensorDataError(
        .setting, place: "resampling", field: field, found: found, expected: expected, cure: cure)
    }
    guard (0..<(side + 1) / 2).contains(margin) else {
      throw refused(
        "margin", "\(margin)", "0 to \((side - 1) / 2) of a side of \(side)", "cut off less")
    }
    guard (1...1024).contains(newSide) else {
      throw refused("size", "\(newSide)", "1 to 1024", "choose another size")
    }
    self.side = side
    self.margin = margin
    self.newSide = newSide
    let kept = side - 2 * margin
    // One unit is 1 / (kept * newSide) of the kept side: an old pixel has newSide, a new one kept.
    spans = (0..<newSide).map { place in
      (0..<kept).compactMap { position in
        let low = max(place * kept, position * newSide)
        let high = min((place + 1) * kept, (position + 1) * newSide)
        return high > low ? Span(position: margin + position, share: high - low) : nil
      }
    }
  }

  /// The same samples as smaller pictures; labels and ids stay.
  package func callAsFunction(_ samples: LabelledSamples) -> LabelledSamples {
    precondition(
      samples.channels == side * side, "\(samples.channels) channels, expected \(side * side)")
    let kept = side - 2 * margin
    var intensities: [UInt8] = []
    intensities.reserveCapacity(samples.count * newSide * newSide)
    for sample in 0..<samples.count {
      let start = sample * samples.channels
      for rows in spans {
        for columns in spans {
          var sum = 0
          for row in rows {
            for column in columns {
              sum +=
                row.share * column.share
                * Int(samples.intensities[start + row.position * side + column.position])
            }
          }
          intensities.append(UInt8((sum + kept * kept / 2) / (kept * kept)))
        }
      }
    }
    return LabelledSamples(
      channels: newSide * newSide, intensities: intensities, labels: samples.labels,
      ids: samples.ids)
  }
}
