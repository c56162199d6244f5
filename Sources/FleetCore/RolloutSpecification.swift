import FleetProtocol
package import RolloutGates

/// What an operator asks of a rollout: which model, for whom, in which steps, behind which gates.
package struct RolloutSpecification: Sendable, Equatable, Codable {
  /// What happens where a gate's time is over and the data do not say.
  package enum Insufficient: String, Sendable, Codable, CaseIterable {
    /// An operator decides.
    case pause
    /// The rollout is taken back.
    case revert
    /// The next wave begins all the same.
    case promote
  }

  /// What becomes of nodes that the model would take too much energy from.
  package enum OverBudget: String, Sendable, Codable, CaseIterable {
    /// The rollout does not begin.
    case refuse
    /// They run it, and hold themselves to their limit.
    case limit
  }

  /// The new model running beside the present one before it serves.
  package struct Shadow: Sendable, Equatable, Codable {
    /// Its share of the inferences, 1...1000 of a thousand.
    package var perMille: UInt32
    /// Waves that begin with it, from the first one on.
    package var waves: Int

    /// A share in so many waves.
    package init(perMille: UInt32, waves: Int = 1) {
      self.perMille = perMille
      self.waves = waves
    }
  }

  /// The rollout's name, an identifier.
  package var name: String
  /// Digest of the model, 64 hexadecimal digits.
  package var model: String
  /// The nodes.
  package var selector: NodeSelector
  /// Sizes of the first waves; what is left is the last one.
  package var waves: [WaveSize]
  /// Nodes under way to the model at a time, 1 or more.
  package var maxParallel: Int
  /// The new model beside the present one; nil for serving at once.
  package var shadow: Shadow?
  /// Inferences after which a node decides by itself whether it keeps the model; 0 for none.
  package var probeInferences: UInt32
  /// What the new model must keep to.
  package var gates: GateBounds
  /// Seconds that a wave serves before its gate may pass.
  package var bakeSeconds: UInt32
  /// Seconds that a gate may wait for evidence.
  package var gateSeconds: UInt32
  /// What happens then.
  package var onInsufficient: Insufficient
  /// Seconds that a node may take over one step.
  package var stepSeconds: UInt32
  /// Nodes that may fail before the rollout stops.
  package var failuresMax: Int
  /// A rollout that stops is taken back; else it pauses.
  package var autoRevert: Bool
  /// A wave whose gate passed is followed by the next one; else an operator promotes it.
  package var autoPromote: Bool
  /// When models may begin to run; at any time where there are none.
  package var windows: [MaintenanceWindow]
  /// When it begins; at once where there is none.
  package var startsAt: Instant?
  /// Digests of smaller models of which one answers when a node's energy is short, the best first.
  package var standIns: [String]
  /// What becomes of nodes whose energy of a day the model would exceed.
  package var overBudget: OverBudget
  /// The model goes on learning from each node's own samples while it serves.
  package var learns: Bool
  /// It begins on each node with what the model before it has learnt there.
  package var carriesLearning: Bool

  /// A rollout of a model with the defaults of a careful fleet.
  package init(
    name: String, model: String, selector: NodeSelector = NodeSelector(),
    waves: [WaveSize] = [.nodes(1), .percent(25)], maxParallel: Int = 10,
    shadow: Shadow? = Shadow(perMille: 250), probeInferences: UInt32 = 50,
    gates: GateBounds = GateBounds()
  ) {
    self.name = name
    self.model = model
    self.selector = selector
    self.waves = waves
    self.maxParallel = maxParallel
    self.shadow = shadow
    self.probeInferences = probeInferences
    self.gates = gates
    bakeSeconds = 300
    gateSeconds = 3_600
    onInsufficient = .pause
    stepSeconds = 600
    failuresMax = 0
    autoRevert = true
    autoPromote = true
    windows = []
    standIns = []
    overBudget = .refuse
    learns = false
    carriesLearning = false
  }
}

/// Which nodes a rollout is for: those that it names, those that carry all its labels, or all.
package struct NodeSelector: Sendable, Equatable, Codable {
  /// Names; empty where nodes are not named.
  package var nodes: [String]
  /// Labels that a node must carry.
  package var labels: [String: String]

  /// A selector; by default every node.
  package init(nodes: [String] = [], labels: [String: String] = [:]) {
    self.nodes = nodes
    self.labels = labels
  }

  /// True for a node that it names, or leaves unnamed, and that carries all labels.
  package func matches(_ node: NodeRecord) -> Bool {
    (nodes.isEmpty || nodes.contains(node.id.text))
      && labels.allSatisfy { node.terms.labels[$0.key] == $0.value }
  }
}

/// How many nodes a wave has.
package enum WaveSize: Sendable, Equatable, Codable, CustomStringConvertible {
  /// So many.
  case nodes(Int)
  /// So many of a hundred of the selected ones, rounded up.
  case percent(Int)

  /// Reads `5` or `20%`; nil for anything else, for 0, and above a million nodes or 100 %.
  package init?(_ text: String) {
    let isShare = text.hasSuffix("%")
    guard let number = Int(isShare ? text.dropLast() : text[...]), number > 0,
      number <= (isShare ? 100 : 1_000_000)
    else { return nil }
    self = isShare ? .percent(number) : .nodes(number)
  }

  package var description: String {
    switch self {
    case .nodes(let count): "\(count)"
    case .percent(let share): "\(share)%"
    }
  }

  /// Nodes of a wave, of so many that are selected.
  package func count(of selected: Int) -> Int {
    switch self {
    case .nodes(let count): count
    case .percent(let share): (selected * share + 99) / 100
    }
  }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let size = WaveSize(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no wave"))
    }
    self = size
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A span of the week, by UTC, in which models may begin to run.
package struct MaintenanceWindow: Sendable, Equatable, Codable {
  /// Minutes of a day.
  package static let dayMinutes = 1_440

  /// Days on which it opens, Monday 1 to Sunday 7; every day where there are none.
  package var weekdays: [Int]
  /// Minute of the day at which it opens, 0...1439.
  package var openingMinute: Int
  /// How long it stays open, 1...1440 minutes, past midnight too.
  package var minutes: Int

  /// A window of the week.
  package init(weekdays: [Int] = [], openingMinute: Int, minutes: Int) {
    self.weekdays = weekdays
    self.openingMinute = openingMinute
    self.minutes = minutes
  }

  /// True where it is open.
  package func isOpen(at now: Instant) -> Bool {
    let minute = Int(now.microseconds.floorDivided(by: 60_000_000))
    let day = minute.floorDivided(by: Self.dayMinutes)
    let sinceToday = minute - day * Self.dayMinutes - openingMinute
    if opens(on: day), (0..<minutes).contains(sinceToday) { return true }
    return opens(on: day - 1) && (0..<minutes).contains(sinceToday + Self.dayMinutes)
  }

  private func opens(on day: Int) -> Bool {
    // Day 0, the first of January 1970, was a Thursday.
    let weekday = (day + 3) - (day + 3).floorDivided(by: 7) * 7 + 1
    return weekdays.isEmpty || weekdays.contains(weekday)
  }
}

extension BinaryInteger {
  /// The quotient that is rounded down, also below zero.
  fileprivate func floorDivided(by divisor: Self) -> Self {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
