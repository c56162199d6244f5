import SensorData
import Testing

/// A place of the simulated cochlea answers to its own frequency, at its own time, and no louder to
/// what is louder.
@Suite struct SimulatedCochleaTests {
  /// A tone by a rotation of its own, so that no library's sine is in it.
  private func tone(_ place: Int, _ count: Int = 4_000, loudness: Double = 0.5) -> [Double] {
    let angle = 2 * Double.pi * SimulatedCochlea.frequency(of: place) / 8_000
    var (last, next) = (0.0, angle - angle * angle * angle / 6)
    // Sums of sines: sin(n + 1) = 2 cos sin(n) - sin(n - 1).
    var cosine = 1.0
    for n in stride(from: 20.0, to: 0, by: -2) {
      cosine = 1 - cosine * angle * angle / (n * (n - 1))
    }
    return (0..<count).map { _ in
      (last, next) = (next, 2 * cosine * next - last)
      return loudness * min(1, max(-1, last))
    }
  }

  private func row(_ answers: [UInt8], _ slice: Int) -> [UInt8] {
    Array(answers[slice * SimulatedCochlea.channels..<(slice + 1) * SimulatedCochlea.channels])
  }

  @Test func `frequencies rise from the first to the last`() {
    let found = (0..<SimulatedCochlea.channels).map { SimulatedCochlea.frequency(of: $0) }
    #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 })
    #expect(abs(found[0] - 100) < 1e-6 && abs(found[63] - 3_600) < 1e-6)
  }

  @Test(arguments: [5, 20, 40, 60])
  func `the place of a tone answers most`(place: Int) {
    let answers = SimulatedCochlea(rate: 8_000).answers(to: tone(place))
    let last = row(answers, 15)
    let loudest = last.indices.max { last[$0] < last[$1] } ?? -1
    #expect(abs(loudest - place) <= 1)
    #expect(last[(place + 30) % 64] < 60)
  }

  @Test func `loudness is no clue, silence is none, and time is kept`() {
    let cochlea = SimulatedCochlea(rate: 8_000)
    let (loud, quiet) = (
      cochlea.answers(to: tone(20)), cochlea.answers(to: tone(20, loudness: 0.5 / 16))
    )
    #expect(loud == quiet && loud.max() == 255)
    #expect(cochlea.answers(to: [Double](repeating: 0, count: 100)).allSatisfy { $0 == 0 })
    #expect(cochlea.answers(to: []).count == 1_024)
    let late = [Double](repeating: 0, count: 4_000) + tone(20)
    let answers = cochlea.answers(to: late)
    #expect(row(answers, 3).allSatisfy { $0 == 0 } && row(answers, 12).max() ?? 0 > 200)
  }
}
