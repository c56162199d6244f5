import FleetCore

/// Splitmix64 of Steele, Lea and Flood, 2014: one seed decides a whole simulated run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ probability: Double) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &self) < probability
  }
}

/// How likely each mishap is, each time that it could happen.
struct Faults {
  var loss = 0.0
  var duplication = 0.0
  var disorder = 0.0
  var damage = 0.0
  var disconnection = 0.0
  /// At a message down: the peer has not read for long and its queue is full.
  var blockage = 0.0
  /// At a persist: the process dies before it, or after it, or the disk refuses it.
  var death = 0.0
  var diskFailure = 0.0

  static let none = Faults()

  /// A mixture that the seed picks, from calm to wild.
  static func mixture(_ random: inout SplitMix) -> Faults {
    Faults(
      loss: Double.random(in: 0...0.15, using: &random),
      duplication: Double.random(in: 0...0.15, using: &random),
      disorder: Double.random(in: 0...0.15, using: &random),
      damage: Double.random(in: 0...0.01, using: &random),
      disconnection: Double.random(in: 0...0.02, using: &random),
      blockage: Double.random(in: 0...0.01, using: &random),
      death: Double.random(in: 0...0.06, using: &random),
      diskFailure: Double.random(in: 0...0.04, using: &random))
  }
}

/// Events in the order of their instants; those of one instant in the order they were planned.
struct Agenda<Entry> {
  private var entries: [(at: Instant, order: UInt64, entry: Entry)] = []
  private var planned: UInt64 = 0

  mutating func plan(_ entry: Entry, at: Instant) {
    planned += 1
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      // Latest first, so that the next one is taken from the end.
      if entries[middle].at > at { low = middle + 1 } else { high = middle }
    }
    entries.insert((at, planned, entry), at: low)
  }

  mutating func next() -> (at: Instant, entry: Entry)? {
    entries.popLast().map { ($0.at, $0.entry) }
  }
}
