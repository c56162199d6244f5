import SpikingNetwork
import Testing

@Suite struct LabelledSamplesTests {
  @Test func `samples keep their intensities, labels and ids`() {
    var samples = LabelledSamples(channels: 3)
    let first = LabelledSample(intensities: [1, 2, 3], label: 7, id: 90)
    let second = LabelledSample(intensities: [4, 5, 6], label: 255, id: .max)
    samples.append(first)
    samples.append(second)
    #expect(samples.count == 2)
    #expect(samples[0] == first)
    #expect(samples[1] == second)
    #expect(
      samples
        == LabelledSamples(
          channels: 3, intensities: [1, 2, 3, 4, 5, 6], labels: [7, 255], ids: [90, .max]))
    #expect(samples.selecting([1, 0, 1]).ids == [.max, 90, .max])
    #expect(samples.selecting([1, 0, 1])[1] == first)
    #expect(samples.selecting([]).isEmpty)
  }

  @Test func `a permutation holds every position once and depends on its stream`() {
    let random = CounterRandom(seed: 1, purpose: .training)
    let order = CounterRandom.permutation(of: 1000, stream: random.stream(0))
    #expect(order.sorted() == Array(0..<1000))
    #expect(order != Array(0..<1000))
    #expect(order == CounterRandom.permutation(of: 1000, stream: random.stream(0)))
    #expect(order != CounterRandom.permutation(of: 1000, stream: random.stream(1)))
    #expect(CounterRandom.permutation(of: 0, stream: 1).isEmpty)
    #expect(CounterRandom.permutation(of: 1, stream: 1) == [0])
  }

  @Test func `each order of three is as likely as the others`() {
    let random = CounterRandom(seed: 2, purpose: .training)
    var counts: [[Int]: Int] = [:]
    for trial in 0..<6000 {
      counts[CounterRandom.permutation(of: 3, stream: random.stream(UInt64(trial))), default: 0] +=
        1
    }
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { (850...1150).contains($0) })
  }
}
