import SensorData
import SpikingNetwork
import Testing

@Suite struct AreaResamplingTests {
  private func samples(_ pictures: [[UInt8]]) -> LabelledSamples {
    LabelledSamples(
      channels: pictures[0].count, intensities: pictures.flatMap { $0 },
      labels: pictures.indices.map { UInt8($0) }, ids: pictures.indices.map { UInt64($0) + 7 })
  }

  @Test func `a new pixel is the mean of the area that it covers`() throws {
    // 3 x 3 to 2 x 2: a corner, half of each neighbour and a quarter of the middle.
    let resampling = try AreaResampling(channels: 9, margin: 0, newSide: 2)
    let small = resampling(samples([[90, 0, 0, 0, 90, 0, 0, 0, 180]]))
    // (90 + 90 / 4) / 2.25 = 50, (90 / 4) / 2.25 = 10, (180 + 90 / 4) / 2.25 = 90.
    #expect(small.intensities == [50, 10, 10, 90])
    #expect(small.labels == [0] && small.ids == [7])
  }

  @Test func `a margin is cut off and equal sizes change nothing`() throws {
    let resampling = try AreaResampling(channels: 16, margin: 1, newSide: 2)
    let picture: [UInt8] = [9, 9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9]
    #expect(resampling(samples([picture, picture])).intensities == [1, 2, 3, 4, 1, 2, 3, 4])
  }

  @Test func `a white picture stays white in every size`() throws {
    for newSide in 1...9 {
      let resampling = try AreaResampling(channels: 49, margin: 1, newSide: newSide)
      let white = resampling(samples([[UInt8](repeating: 255, count: 49)]))
      #expect(white.intensities == [UInt8](repeating: 255, count: newSide * newSide))
    }
  }

  @Test func `what is no square, or leaves none, is refused`() {
    for (channels, margin, newSide) in [(8, 0, 2), (9, 2, 2), (9, -1, 2), (9, 0, 0), (9, 0, 1025)] {
      let error = #expect(throws: SensorDataError.self) {
        try AreaResampling(channels: channels, margin: margin, newSide: newSide)
      }
      #expect(error?.kind == .setting)
    }
  }

  @Test func `off channels have what a pixel lacks, and dimming rounds`() {
    let two = samples([[0, 255], [100, 1]])
    #expect(two.withOffChannels().intensities == [0, 255, 255, 0, 100, 1, 155, 254])
    #expect(two.dimmed(percent: 50).intensities == [0, 128, 50, 1])
    #expect(two.dimmed(percent: 100) == two)
  }

  @Test func `what lies above a threshold is stretched`() {
    let six = samples([[0, 100, 101, 177, 178, 255]])
    // 155 above 100: 1 * 255 / 155 = 1.6, 77 * 255 / 155 = 126.7, 78 * 255 / 155 = 128.3.
    #expect(six.aboveThreshold(100).intensities == [0, 0, 2, 127, 128, 255])
    #expect(six.aboveThreshold(0) == six)
    #expect(six.aboveThreshold(254).intensities == [0, 0, 0, 0, 0, 255])
  }
}
