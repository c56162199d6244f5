import SpikingNetwork
import Testing

@Suite struct BernoulliEncoderTests {
  private let ramp = (0..<103).map { UInt8($0 * 255 / 102) }

  /// The definition, channel by channel.
  private func expected(_ intensities: [UInt8], sample: UInt64, step: Int) -> [Int32] {
    let stream = CounterRandom(seed: 9, purpose: .encoder).stream(sample, UInt64(step))
    return intensities.indices.filter { channel in
      let draw = CounterRandom.draw(stream, UInt64(channel / 4))
      return (draw >> UInt64(16 * (channel % 4))) & 0xFFFF < UInt64(intensities[channel]) * 257
    }.map(Int32.init)
  }

  @Test func `spikes follow the definition channel by channel`() {
    let encoder = BernoulliEncoder(seed: 9)
    var spikes: [Int32] = [5]
    for step in 0..<20 {
      encoder.encode(ramp, sample: 77, step: step, into: &spikes)
      #expect(spikes == expected(ramp, sample: 77, step: step))
    }
  }

  @Test func `spikes have their golden values`() {
    var spikes: [Int32] = []
    BernoulliEncoder(seed: 9).encode(
      [0, 128, 255, 64, 0, 0, 0, 0, 200, 90, 90, 90, 128, 128], sample: 3, step: 1, into: &spikes)
    #expect(spikes == [1, 2, 8, 10, 11, 12])
  }

  @Test func `a dark channel never spikes and half intensity spikes half the time`() {
    let encoder = BernoulliEncoder(seed: 1)
    var spikes: [Int32] = []
    var counts = [0, 0, 0]
    for sample in 0..<4000 as Range<UInt64> {
      encoder.encode([0, 128, 255], sample: sample, step: 0, into: &spikes)
      for channel in spikes { counts[Int(channel)] += 1 }
    }
    #expect(counts[0] == 0)
    #expect((1850...2170).contains(counts[1]))
    #expect(counts[2] >= 3998)
  }
}
