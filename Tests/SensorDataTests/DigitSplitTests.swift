import SensorData
import SpikingNetwork
import Testing

@Suite struct DigitSplitTests {
  /// As many samples as the real corpus, of one channel.
  private let corpus = LabelledSamples(
    channels: 1, intensities: [UInt8](repeating: 9, count: 5000),
    labels: (0..<5000).map { UInt8($0 / 500) }, ids: (0..<5000).map { UInt64($0) })

  private func histogram(_ samples: LabelledSamples) -> [Int] {
    samples.labels.reduce(into: [Int](repeating: 0, count: 10)) { $0[Int($1)] += 1 }
  }

  @Test func `every digit is dealt exactly once`() throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let dealt = try DigitSplit(seed: seed).deal(corpus)
      let ids = ([dealt.heldOut, dealt.check, dealt.base] + dealt.nodes).flatMap(\.ids)
      #expect(ids.sorted() == corpus.ids)
    }
  }

  @Test func `each part has its share of each class`() throws {
    let dealt = try DigitSplit(seed: 1).deal(corpus)
    #expect(histogram(dealt.heldOut) == [Int](repeating: 100, count: 10))
    #expect(histogram(dealt.check) == [Int](repeating: 50, count: 10))
    #expect(histogram(dealt.base) == [Int](repeating: 30, count: 10))
    #expect(
      dealt.nodes.map(histogram) == [
        [256, 256, 256, 256, 32, 32, 32, 32, 32, 32],
        [32, 32, 32, 32, 256, 256, 256, 32, 32, 32],
        [32, 32, 32, 32, 32, 32, 32, 256, 256, 256],
      ])
  }

  @Test func `streams are mixed, and the seed alone decides them`() throws {
    let first = try DigitSplit(seed: 1).deal(corpus)
    #expect(try DigitSplit(seed: 1).deal(corpus) == first)
    #expect(try DigitSplit(seed: 2).deal(corpus) != first)
    for part in [first.heldOut, first.check, first.base] + first.nodes {
      #expect(Set(part.labels.prefix(20)).count > 2)
    }
  }

  @Test func `a class that nobody or everybody owns is dealt evenly`() throws {
    let split = DigitSplit(ownedClasses: [[0], [0]], ownShare: 0.5)
    let dealt = try split.deal(corpus)
    #expect(dealt.nodes.map(\.count) == [1600, 1600])
    #expect(dealt.nodes.map(histogram).allSatisfy { $0 == [Int](repeating: 160, count: 10) })
  }

  @Test func `remainders are dealt too`() throws {
    let odd = corpus.selecting(Array(0..<187))
    let dealt = try DigitSplit(seed: 3).deal(odd)
    #expect(dealt.nodes.map(\.count).reduce(0, +) == 7)
    #expect(dealt.nodes.map(\.count) == [6, 1, 0] || dealt.nodes.map(\.count) == [6, 0, 1])
  }

  private func field(_ split: DigitSplit, _ corpus: LabelledSamples) -> String? {
    do throws(SensorDataError) {
      _ = try split.deal(corpus)
      return nil
    } catch {
      return error.field
    }
  }

  @Test func `settings out of range are named`() {
    #expect(field(DigitSplit(heldOutPerClass: -1), corpus) == "heldOutPerClass")
    #expect(field(DigitSplit(checkPerClass: 1_000_001), corpus) == "checkPerClass")
    #expect(field(DigitSplit(basePerClass: 351), corpus) == "samples of class 0")
    #expect(field(DigitSplit(basePerClass: 350), corpus) == nil)
    #expect(field(DigitSplit(ownedClasses: []), corpus) == "ownedClasses")
    #expect(field(DigitSplit(ownedClasses: [[1], [256]]), corpus) == "ownedClasses[1]")
    #expect(field(DigitSplit(ownShare: 1.01), corpus) == "ownShare")
    #expect(field(DigitSplit(ownShare: .nan), corpus) == "ownShare")
  }
}
