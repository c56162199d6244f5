import Crypto
package import FleetProtocol
import RolloutGates

/// What a rollout would do: its nodes in their waves, before anything is ordered.
package struct RolloutPlan: Sendable, Equatable {
  /// Why a selected node is left out.
  package enum Omission: String, Sendable, Codable {
    /// It takes no work: cordoned, draining or revoked.
    case duty
    /// The model was compiled for other chips.
    case chip
    /// An unfinished rollout holds it.
    case rollout
    /// The model would take more energy in a day than it may use.
    case energy
  }

  /// A node that is selected and left out.
  package struct Omitted: Sendable, Equatable {
    /// The node.
    package var node: Identifier
    /// Why.
    package var reason: Omission
    /// The same in words, with what to do.
    package var detail: String
  }

  /// The rollout as it would begin.
  package var record: RolloutRecord
  /// Selected nodes that it leaves out, in node order.
  package var omitted: [Omitted]
  /// Members that run the model already, in node order.
  package var unchanged: [Identifier]
}

extension RolloutPlan {
  /// Deals the nodes into waves, in an order that is drawn from the rollout's name: two rollouts do
  /// not try their luck on the same nodes, and the same plan comes out every time.
  static func waves(
    _ nodes: [Identifier], _ specification: RolloutSpecification
  ) -> [[Identifier]] {
    func draw(_ node: Identifier) -> [UInt8] {
      Array(SHA256.hash(data: Array("\(specification.name)\n\(node)".utf8)))
    }
    let dealt = nodes.map { (draw($0), $0) }
      .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    var rest = dealt[...]
    var waves: [[Identifier]] = []
    for size in specification.waves where !rest.isEmpty {
      let count = min(rest.count, size.count(of: nodes.count))
      waves.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    if !rest.isEmpty { waves.append(Array(rest)) }
    return waves
  }
}

extension NodeSelector {
  /// Refuses labels that no node can have.
  func check() throws(CommandRefusal) {
    for (name, value) in labels {
      guard NodeTerms.isLabelName(name), NodeTerms.isLabelValue(value) else {
        throw CommandRefusal(
          "selector",
          "selector.labels: '\(name.prefix(80))=\(value.prefix(80))', expected a label as "
            + "`node label` takes it")
      }
    }
  }
}

extension RolloutSpecification {
  /// Most waves that are written down.
  package static let wavesMax = 500
  /// Longest time that anything of a rollout may take, in seconds: 30 days.
  package static let secondsMax: UInt32 = 2_592_000

  /// Refuses numbers that mean nothing.
  func check() throws(CommandRefusal) {
    try require(waves.count <= Self.wavesMax, "waves", "\(waves.count) waves", "at most 500")
    try require(maxParallel >= 1, "maxParallel", "\(maxParallel)", "1 or more")
    try require(failuresMax >= 0, "failuresMax", "\(failuresMax)", "0 or more")
    try require(
      probeInferences <= ServingTerms.probeInferencesMax, "probeInferences",
      "\(probeInferences)", "at most \(ServingTerms.probeInferencesMax)")
    if let shadow {
      try require(
        (1...ServingTerms.perMilleMax).contains(shadow.perMille), "shadow.perMille",
        "\(shadow.perMille)", "1 to \(ServingTerms.perMilleMax)")
      try require(shadow.waves >= 1, "shadow.waves", "\(shadow.waves)", "1 or more")
    }
    for (name, seconds, least) in [
      ("bakeSeconds", bakeSeconds, 0), ("gateSeconds", gateSeconds, 1),
      ("stepSeconds", stepSeconds, 1),
    ] as [(String, UInt32, UInt32)] {
      try require(
        (least...Self.secondsMax).contains(seconds), name, "\(seconds) s",
        "\(least) to \(Self.secondsMax) s")
    }
    try checkGates()
    for window in windows {
      try require(
        window.weekdays.allSatisfy { (1...7).contains($0) }, "windows", "\(window.weekdays)",
        "days from 1, Monday, to 7, Sunday")
      try require(
        (0..<MaintenanceWindow.dayMinutes).contains(window.openingMinute)
          && (1...MaintenanceWindow.dayMinutes).contains(window.minutes), "windows",
        "\(window.minutes) minutes from minute \(window.openingMinute)",
        "1 to 1440 minutes from a minute of the day")
    }
    do throws(CommandRefusal) { try selector.check() } catch {
      throw CommandRefusal("deployment", error.detail)
    }
    try require(
      standIns.count <= StandIn.countMax, "energy.standIns", "\(standIns.count) models",
      "at most \(StandIn.countMax)")
  }

  private func checkGates() throws(CommandRefusal) {
    func share(_ value: Double?) -> Bool { value.map { $0 >= 0 && $0 < 1 } ?? true }
    func multiple(_ value: Double?) -> Bool { value.map { $0 > 0 && $0.isFinite } ?? true }
    try require(
      share(gates.accuracyDropMax), "gates.accuracyDropMax", "\(gates.accuracyDropMax ?? 0)",
      "a share from 0 to below 1")
    try require(
      share(gates.disagreementMax), "gates.disagreementMax", "\(gates.disagreementMax ?? 0)",
      "a share from 0 to below 1")
    try require(
      multiple(gates.joulesRatioMax), "gates.joulesRatioMax", "\(gates.joulesRatioMax ?? 0)",
      "a multiple above 0")
    try require(
      multiple(gates.latencyRatioMax), "gates.latencyRatioMax",
      "\(gates.latencyRatioMax ?? 0)", "a multiple above 0")
    try require(
      multiple(gates.spikesRatioMin) && multiple(gates.spikesRatioMax), "gates.spikesRatio",
      "\(gates.spikesRatioMin ?? 0) to \(gates.spikesRatioMax ?? .infinity)",
      "multiples above 0")
    try require(
      gates.errorRate > 0 && gates.errorRate <= 0.1, "gates.errorRate", "\(gates.errorRate)",
      "above 0, at most 0.1")
  }

  private func require(
    _ holds: Bool, _ field: String, _ found: String, _ expected: String
  ) throws(CommandRefusal) {
    guard !holds else { return }
    throw CommandRefusal("deployment", "\(field): \(found), expected \(expected)")
  }
}
