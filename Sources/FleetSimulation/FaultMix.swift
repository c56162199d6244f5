/// Which mishaps a run has and how often: drawn from its seed, each kind on or off by itself.
///
/// A mixture of everything all the time would hide what only shows where one kind is rare.
struct FaultMix {
  /// What befalls a process or its connections, one at a time.
  enum Mishap: CaseIterable {
    /// Dies before or after one of its next directives.
    case death
    /// Dies wherever it is.
    case kill
    /// Its disk refuses the next transaction.
    case refusal
    /// Its disk is full for a while.
    case fullDisk
    /// Nothing passes to or from a node.
    case isolation
    /// Nothing passes between the coordinator and a good part of the fleet.
    case partition
    /// One connection passes nothing, and neither side is told.
    case halfOpen
    /// A connection breaks.
    case disconnection
    /// Stands still, as under SIGSTOP, and then goes on.
    case pause
    /// Its clock is set, up to half an hour either way.
    case clockJump
    /// Its chip, disk and line are slow for a while.
    case slowness
  }

  /// Of each message: lost, sent twice, overtaken, a chunk's bytes damaged, its queue full.
  var loss = 0.0
  var duplication = 0.0
  var disorder = 0.0
  var damage = 0.0
  var blockage = 0.0
  /// Of each chunk or update that is written or put together.
  var badSector = 0.0
  var mishaps: [Mishap] = []
  /// Mishaps an hour for each process.
  var mishapsAnHour = 0.0

  static let none = FaultMix()

  static func drawn(using random: inout SimulationRandom) -> FaultMix {
    var mix = FaultMix()
    func strength(_ most: Double) -> Double {
      random.chance(0.5) ? Double.random(in: 0...most, using: &random) : 0
    }
    mix.loss = strength(0.1)
    mix.duplication = strength(0.1)
    mix.disorder = strength(0.15)
    mix.damage = strength(0.02)
    mix.blockage = strength(0.005)
    mix.badSector = strength(0.03)
    mix.mishaps = Mishap.allCases.filter { _ in random.chance(0.5) }
    mix.mishapsAnHour = Double.random(in: 5...60, using: &random)
    return mix
  }
}
