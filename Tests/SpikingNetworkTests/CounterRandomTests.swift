import SpikingNetwork
import Testing

@Suite struct CounterRandomTests {
  @Test func `draws have their golden values`() {
    let random = CounterRandom(seed: 42, purpose: .encoder)
    let stream = random.stream(7, 3)
    #expect(CounterRandom.mix(1) == 0x5692_161D_100B_05E5)
    #expect(stream == 0xD18B_9ACF_55D9_5682)
    #expect(CounterRandom.draw(stream, 0) == 0xD5A2_E50B_413E_9782)
    #expect(CounterRandom.draw(stream, 195) == 0x01EE_89D7_B380_AED4)
    let rounding = CounterRandom(seed: .max, purpose: .rounding)
    #expect(CounterRandom.draw(rounding.stream(.max, 0), .max) == 0x9EC7_26FE_09FE_D671)
  }

  @Test func `purposes, seeds and counters give draws of their own`() {
    var seen: Set<UInt64> = []
    for seed in 0..<4 as Range<UInt64> {
      for purpose in [CounterRandom.Purpose.encoder, .rounding, .initialWeights, .training] {
        let random = CounterRandom(seed: seed, purpose: purpose)
        for a in 0..<8 as Range<UInt64> {
          for b in 0..<8 as Range<UInt64> {
            for c in 0..<8 as Range<UInt64> {
              seen.insert(CounterRandom.draw(random.stream(a, b), c))
            }
          }
        }
      }
    }
    #expect(seen.count == 4 * 4 * 8 * 8 * 8)
  }

  @Test func `a sixteen bit field of the draws is uniform`() {
    let stream = CounterRandom(seed: 1, purpose: .rounding).stream(5)
    var buckets = [Int](repeating: 0, count: 16)
    for c in 0..<16_000 as Range<UInt64> {
      buckets[Int((CounterRandom.draw(stream, c) >> 44) & 15)] += 1
    }
    #expect(buckets.allSatisfy { (850...1150).contains($0) })
  }
}
