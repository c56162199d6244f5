import SpikingNetwork

/// Which sample of a stream a training ordinal shows.
///
/// Ordinals count samples over a node's whole life. Each epoch (as many ordinals as the stream has
/// samples) shows each sample once, in an order of its own that depends on the epoch and the number
/// of samples alone, so that a repeated round trains the same samples again.
package struct StreamOrder: Sendable {
  /// Number of samples in the stream.
  package let count: Int
  private var epoch: UInt64?
  private var positions: [Int32] = []

  /// The order of a stream of that many samples, at least one.
  package init(count: Int) {
    precondition((1...Int(Int32.max)).contains(count), "a stream of \(count) samples")
    self.count = count
  }

  /// The position in the stream of the sample that the ordinal shows.
  package mutating func position(of ordinal: UInt64) -> Int {
    let (epoch, place) = ordinal.quotientAndRemainder(dividingBy: UInt64(count))
    if self.epoch != epoch { shuffle(epoch) }
    return Int(positions[Int(place)])
  }

  /// Fisher and Yates's shuffle with draws that are a function of epoch and count.
  private mutating func shuffle(_ epoch: UInt64) {
    let stream = CounterRandom(seed: 0, purpose: .training).stream(epoch, UInt64(count))
    positions = (0..<Int32(count)).map(\.self)
    for last in stride(from: count - 1, to: 0, by: -1) {
      let draw = CounterRandom.draw(stream, UInt64(last))
      positions.swapAt(last, Int(draw.multipliedFullWidth(by: UInt64(last) + 1).high))
    }
    self.epoch = epoch
  }
}

/// Hits among the last labelled samples.
package struct RecentAccuracy: Sendable, Equatable {
  private var hits: [Bool] = []
  private var next = 0
  private let size: Int
  /// Hits in the window.
  package private(set) var correct = 0

  /// An empty window over the last `size` samples.
  package init(size: Int) {
    precondition(size > 0, "a window of \(size) samples")
    self.size = size
  }

  /// Samples in the window.
  package var labelled: Int { hits.count }

  /// Adds a sample; the oldest one falls out of a full window.
  package mutating func add(_ isHit: Bool) {
    if hits.count < size {
      hits.append(isHit)
    } else {
      correct -= hits[next] ? 1 : 0
      hits[next] = isHit
      next = (next + 1) % size
    }
    correct += isHit ? 1 : 0
  }
}
