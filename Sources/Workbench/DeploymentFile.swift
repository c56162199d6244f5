package import FleetCore
import Foundation
import RolloutGates

/// A deployment as an operator writes it; what is left out has the defaults of a careful fleet.
package struct DeploymentFile: Codable, Sendable, Equatable {
  /// The nodes.
  package struct Selector: Codable, Sendable, Equatable {
    var nodes: [String]?
    var labels: [String: String]?
  }

  /// The new model beside the present one.
  package struct Shadow: Codable, Sendable, Equatable {
    var percent: Double
    var waves: Int?
  }

  /// What the new model must keep to; `off` where it does not matter.
  package struct Gates: Codable, Sendable, Equatable {
    var accuracyDropPoints: Bound?
    var joulesRatioMax: Bound?
    var spikesRatioMin: Bound?
    var spikesRatioMax: Bound?
    var latencyRatioMax: Bound?
    var disagreementPercent: Bound?
    var samplesMin: UInt64?
    var errorRate: Double?
  }

  /// A number, or the word `off`.
  package enum Bound: Codable, Sendable, Equatable {
    case number(Double)
    case off

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      do {
        self = .number(try container.decode(Double.self))
      } catch DecodingError.typeMismatch {
        guard try container.decode(String.self) == "off" else {
          throw DecodingError.dataCorrupted(
            .init(codingPath: decoder.codingPath, debugDescription: "a number, or off"))
        }
        self = .off
      }
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .number(let number): try container.encode(number)
      case .off: try container.encode("off")
      }
    }

    /// The value; nil for `off`.
    func value(scaledBy scale: Double = 1) -> Double? {
      switch self {
      case .number(let number): number * scale
      case .off: nil
      }
    }
  }

  /// A span of the week, by UTC.
  package struct Window: Codable, Sendable, Equatable {
    var days: [Day]?
    var opens: String
    var minutes: Int
  }

  /// What happens where a node's energy is short.
  package struct Energy: Codable, Sendable, Equatable {
    var standIns: [String]?
    var overBudget: RolloutSpecification.OverBudget?
  }

  /// Learning from each node's own samples.
  package struct Learning: Codable, Sendable, Equatable {
    var whileServing: Bool?
    var carry: Bool?
  }

  /// A day of the week.
  package enum Day: String, Codable, Sendable, CaseIterable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday
  }

  /// A number of nodes, or a share of them such as `25%`.
  package struct Wave: Codable, Sendable, Equatable {
    var size: WaveSize

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      let text: String
      do {
        text = "\(try container.decode(Int.self))"
      } catch DecodingError.typeMismatch {
        text = try container.decode(String.self)
      }
      guard let size = WaveSize(text) else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath,
            debugDescription: "a number of nodes, or a share such as 25%"))
      }
      self.size = size
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(size.description)
    }
  }

  /// The rollout's name, an identifier.
  package var name: String
  /// Name or digest of the model.
  package var model: String
  var selector: Selector?
  var waves: [Wave]?
  var maxParallel: Int?
  var shadow: Shadow?
  var probeInferences: UInt32?
  var gates: Gates?
  var bakeSeconds: UInt32?
  var gateSeconds: UInt32?
  var onInsufficient: RolloutSpecification.Insufficient?
  var stepSeconds: UInt32?
  var failuresMax: Int?
  var autoRevert: Bool?
  var autoPromote: Bool?
  var windows: [Window]?
  var startsAt: String?
  var energy: Energy?
  var learning: Learning?

  /// Reads a deployment file; a key that is not known is refused.
  package static func read(_ path: String) throws(ConfigurationError) -> RolloutSpecification {
    try StrictYAML.read(DeploymentFile.self, from: path).specification(path)
  }

  /// The same with all that was left out; `path` names the file in errors.
  package func specification(
    _ path: String
  ) throws(ConfigurationError) -> RolloutSpecification {
    var rollout = RolloutSpecification(name: name, model: model)
    rollout.selector = NodeSelector(
      nodes: selector?.nodes ?? [], labels: selector?.labels ?? [:])
    if let waves { rollout.waves = waves.map(\.size) }
    rollout.maxParallel = maxParallel ?? rollout.maxParallel
    rollout.shadow = shadow.map {
      RolloutSpecification.Shadow(
        perMille: UInt32(max(0, min(1e6, ($0.percent * 10).rounded()))), waves: $0.waves ?? 1)
    }
    rollout.probeInferences = probeInferences ?? rollout.probeInferences
    rollout.gates = bounds
    rollout.bakeSeconds = bakeSeconds ?? rollout.bakeSeconds
    rollout.gateSeconds = gateSeconds ?? rollout.gateSeconds
    rollout.onInsufficient = onInsufficient ?? rollout.onInsufficient
    rollout.stepSeconds = stepSeconds ?? rollout.stepSeconds
    rollout.failuresMax = failuresMax ?? rollout.failuresMax
    rollout.autoRevert = autoRevert ?? rollout.autoRevert
    rollout.autoPromote = autoPromote ?? rollout.autoPromote
    for window in windows ?? [] { rollout.windows.append(try window.window(path)) }
    if let startsAt { rollout.startsAt = try Self.instant(startsAt, path) }
    rollout.standIns = energy?.standIns ?? []
    rollout.overBudget = energy?.overBudget ?? rollout.overBudget
    rollout.learns = learning?.whileServing ?? false
    rollout.carriesLearning = learning?.carry ?? false
    return rollout
  }

  private var bounds: GateBounds {
    var bounds = GateBounds()
    guard let gates else { return bounds }
    if let bound = gates.accuracyDropPoints { bounds.accuracyDropMax = bound.value(scaledBy: 0.01) }
    if let bound = gates.joulesRatioMax { bounds.joulesRatioMax = bound.value() }
    if let bound = gates.spikesRatioMin { bounds.spikesRatioMin = bound.value() }
    if let bound = gates.spikesRatioMax { bounds.spikesRatioMax = bound.value() }
    if let bound = gates.latencyRatioMax { bounds.latencyRatioMax = bound.value() }
    if let bound = gates.disagreementPercent {
      bounds.disagreementMax = bound.value(scaledBy: 0.01)
    }
    bounds.samplesMin = gates.samplesMin ?? bounds.samplesMin
    bounds.errorRate = gates.errorRate ?? bounds.errorRate
    return bounds
  }

  private static func instant(
    _ text: String, _ path: String
  ) throws(ConfigurationError) -> Instant {
    do {
      let date = try Date(text, strategy: .iso8601)
      return Instant(microseconds: Int64(date.timeIntervalSince1970 * 1e6))
    } catch {
      throw ConfigurationError(
        file: path, key: "startsAt", found: "`\(text)`",
        expected: "a time such as 2026-12-24T02:00:00Z", cure: "write it in UTC, with the Z")
    }
  }
}

extension DeploymentFile.Window {
  /// The window in minutes of the day.
  fileprivate func window(_ path: String) throws(ConfigurationError) -> MaintenanceWindow {
    let parts = opens.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.count == 2 }), let hour = Int(parts[0]),
      let minute = Int(parts[1]), (0..<24).contains(hour), (0..<60).contains(minute)
    else {
      throw ConfigurationError(
        file: path, key: "windows.opens", found: "`\(opens)`",
        expected: "a time of the day such as \"02:30\"", cure: "write it in UTC, in quotes")
    }
    let days = (days ?? []).compactMap { DeploymentFile.Day.allCases.firstIndex(of: $0) }
    return MaintenanceWindow(
      weekdays: days.map { $0 + 1 }, openingMinute: hour * 60 + minute, minutes: minutes)
  }
}
