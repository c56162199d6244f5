import SensorData
import SpikingNetwork
import Testing

@Suite struct DeskewingTests {
  private func upright(_ picture: [UInt8]) throws -> LabelledSamples {
    let samples = LabelledSamples(
      channels: picture.count, intensities: picture, labels: [3], ids: [8])
    return try Deskewing(channels: picture.count)(samples)
  }

  @Test func `a slanted stroke stands upright through its middle`() throws {
    let stroke: [UInt8] = [
      0, 0, 0, 0, 200,
      0, 0, 0, 200, 0,
      0, 0, 200, 0, 0,
      0, 200, 0, 0, 0,
      200, 0, 0, 0, 0,
    ]
    let samples = try upright(stroke)
    #expect(samples.intensities == (0..<25).map { $0 % 5 == 2 ? 200 : 0 })
    #expect(samples.labels == [3] && samples.ids == [8])
  }

  @Test func `half a pixel is shared by two`() throws {
    // Rows 0 and 2 move by half a pixel: slope 1/2.
    let stroke: [UInt8] = [
      0, 100, 100, 0, 0,
      0, 0, 200, 0, 0,
      0, 0, 100, 100, 0,
      0, 0, 0, 0, 0,
      0, 0, 0, 0, 0,
    ]
    #expect(
      try upright(stroke).intensities == [
        0, 50, 100, 50, 0,
        0, 0, 200, 0, 0,
        0, 50, 100, 50, 0,
        0, 0, 0, 0, 0,
        0, 0, 0, 0, 0,
      ])
  }

  @Test func `what is upright, flat, small or dark stays`() throws {
    for picture in [
      [0, 9, 0, 0, 9, 0, 0, 9, 0], [0, 0, 0, 1, 2, 3, 0, 0, 0], [77],
      [UInt8](repeating: 0, count: 9), [UInt8](repeating: 255, count: 16),
    ] as [[UInt8]] {
      #expect(try upright(picture).intensities == picture)
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `no slant is left within the picture`(seed: UInt64) throws {
    let stream = CounterRandom(seed: seed, purpose: .training).stream(0)
    let side = 31
    var picture = [UInt8](repeating: 0, count: side * side)
    let slope = Double(CounterRandom.draw(stream, 0) % 200) / 100 - 1
    for row in 10..<21 {
      let column = 15 + Int((slope * Double(row - 15)).rounded())
      for offset in -2...2 {
        let place = row * side + column + offset
        picture[place] = UInt8(CounterRandom.draw(stream, UInt64(place)) % 256)
      }
    }
    let before = covariance(picture, side)
    let after = covariance(try upright(picture).intensities, side)
    #expect(abs(after) <= 0.05 + 0.02 * abs(before), "seed \(seed): \(before) to \(after)")
  }

  @Test func `what is no square is refused`() {
    for channels in [0, 8, 1025 * 1025] {
      let error = #expect(throws: SensorDataError.self) { try Deskewing(channels: channels) }
      #expect(error?.kind == .setting && error?.field == "channels")
    }
  }

  private func covariance(_ picture: [UInt8], _ side: Int) -> Double {
    var (mass, x, y, xy) = (0.0, 0.0, 0.0, 0.0)
    for (place, intensity) in picture.enumerated() {
      let weight = Double(intensity)
      mass += weight
      x += weight * Double(place % side)
      y += weight * Double(place / side)
      xy += weight * Double(place % side) * Double(place / side)
    }
    return xy / mass - x / mass * (y / mass)
  }
}
