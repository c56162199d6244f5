import SpikingNetwork

/// Samples of before that a node learns again beside new ones.
///
/// Each class has an equal share of the buffer, filled as a reservoir: every sample of a class that
/// came by is in it with the same probability. All draws are functions of a seed and of ordinals,
/// so the buffer of any moment can be made again from the labels alone.
package struct RehearsalBuffer: Sendable {
  private let settings: LearningSettings.Rehearsal
  private let random: CounterRandom
  private let perClass: Int
  /// By class: positions in the stream, and samples that came by.
  private var kept: [[Int]]
  private var seen: [UInt64]

  /// An empty buffer for so many classes.
  package init(_ settings: LearningSettings.Rehearsal, classes: Int, seed: UInt64) {
    self.settings = settings
    random = CounterRandom(seed: seed, purpose: .rehearsal)
    perClass = max(1, settings.samples / max(1, classes))
    kept = [[Int]](repeating: [], count: classes)
    seen = [UInt64](repeating: 0, count: classes)
  }

  /// Positions that it holds, class by class.
  package var positions: [Int] { kept.flatMap(\.self) }

  /// Takes in the sample that an ordinal showed.
  package mutating func take(_ position: Int, label: Int, ordinal: UInt64) {
    guard kept.indices.contains(label) else { return }
    seen[label] += 1
    if kept[label].contains(position) { return }
    if kept[label].count < perClass {
      kept[label].append(position)
      return
    }
    let place = Self.pick(seen[label], random.stream(ordinal, 0))
    if place < UInt64(perClass) { kept[label][Int(place)] = position }
  }

  /// The positions to learn again after the sample of an ordinal, classes evenly.
  package func rehearsed(after ordinal: UInt64) -> [Int] {
    let classes = kept.filter { !$0.isEmpty }
    guard !classes.isEmpty else { return [] }
    let (before, until) = (Double(ordinal) * settings.share, Double(ordinal + 1) * settings.share)
    let count = Int(until.rounded(.down) - before.rounded(.down))
    let stream = random.stream(ordinal, 1)
    return (0..<count).map { number in
      let own = classes[
        Int(Self.pick(UInt64(classes.count), CounterRandom.draw(stream, UInt64(2 * number))))]
      return own[
        Int(Self.pick(UInt64(own.count), CounterRandom.draw(stream, UInt64(2 * number + 1))))]
    }
  }

  /// One of `count` by a draw of 64 bits.
  private static func pick(_ count: UInt64, _ draw: UInt64) -> UInt64 {
    draw.multipliedFullWidth(by: count).high
  }
}
