/// What befalls a fleet while a deployment is rehearsed, as an operator writes it.
///
/// What is left out has the values of a quiet fleet of twenty nodes.
package struct RehearsalFile: Codable, Sendable, Equatable {
  /// Two compiled models, and the samples that both are shown on the chip.
  package struct Models: Codable, Sendable, Equatable {
    /// File of the model that serves.
    package var present: String
    /// File of the model that is to replace it.
    package var new: String
    /// Folder of labelled samples.
    package var samples: String
  }

  /// The present model in figures, where there is no file of it.
  package struct Present: Codable, Sendable, Equatable {
    /// Percent of the inputs that it answers right.
    package var accuracyPercent: Double?
    /// Microjoules of a mean inference.
    package var microjoules: Double?
    /// Spikes of a mean inference.
    package var spikes: Double?
    /// Chip time of a mean inference in microseconds.
    package var microseconds: Double?
  }

  /// What is done to the new model.
  package struct Change: Codable, Sendable, Equatable {
    /// Points of accuracy that it gains, or loses below 0.
    package var accuracyPoints: Double?
    /// Percent of the inputs on which it is right where it was wrong, and as many the other way.
    package var churnPercent: Double?
    /// Percent more joules for each event.
    package var joulesPercent: Double?
    /// Percent more spikes.
    package var spikesPercent: Double?
    /// Percent more chip time.
    package var latencyPercent: Double?
    /// True where a layer of it is dead.
    package var silent: Bool?
  }

  /// Something that goes wrong on some nodes.
  package struct Fault: Codable, Sendable, Equatable {
    /// What goes wrong.
    package enum Kind: String, Codable, Sendable, CaseIterable {
      case offline, refuses, slow, spoils
      case failsProbe = "fails-probe"

      /// True where `percent` says how much.
      package var hasPercent: Bool { self == .slow || self == .spoils }
    }

    /// What goes wrong.
    package var fault: Kind
    /// The nodes.
    package var nodes: Nodes
    /// Seconds after the beginning of the rollout.
    package var atSeconds: Int64?
    /// For how long; for ever where it is left out.
    package var seconds: Int64?
    /// How much of it: what is left of a slow stream, or what a sensor spoils.
    package var percent: Double?
  }

  /// So many nodes, drawn by the seed, or those that are named.
  package enum Nodes: Codable, Sendable, Equatable {
    case count(Int)
    case named([String])

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      do {
        self = .count(try container.decode(Int.self))
      } catch DecodingError.typeMismatch {
        self = .named(try container.decode([String].self))
      }
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .count(let count): try container.encode(count)
      case .named(let names): try container.encode(names)
      }
    }
  }

  /// Nodes of the fleet, where the deployment names none.
  package var nodes: Int?
  /// Inferences a second on each.
  package var inferencesPerSecond: Double?
  /// Seconds between two windows of telemetry.
  package var telemetrySeconds: UInt32?
  /// Percent of the inputs whose label is known.
  package var labelledPercent: Double?
  /// Seconds for which the present model has served before.
  package var servedSeconds: UInt32?
  /// Models of which the chip answers; drawn by `present` where there are none.
  package var models: Models?
  /// The present model in figures.
  package var present: Present?
  /// What is done to the new model.
  package var new: Change?
  /// What goes wrong.
  package var faults: [Fault]?

  /// A quiet fleet.
  package init() {}

  /// Reads a script; a key that is not known, or a number that means nothing, is refused.
  package static func read(_ path: String) throws(ConfigurationError) -> RehearsalFile {
    let file = try StrictYAML.read(RehearsalFile.self, from: path)
    try file.check(path)
    return file
  }

  /// Refuses numbers that mean nothing; `path` names the file in errors.
  package func check(_ path: String) throws(ConfigurationError) {
    func require(
      _ key: String, _ value: Double?, _ range: ClosedRange<Double>
    ) throws(ConfigurationError) {
      guard let value, !range.contains(value) else { return }
      throw ConfigurationError(
        file: path, key: key, found: "`\(value)`",
        expected: "\(range.lowerBound) to \(range.upperBound)", cure: "write such a number")
    }
    try require("nodes", nodes.map(Double.init), 1...1_000)
    try require("inferencesPerSecond", inferencesPerSecond, 0.001...10_000)
    try require("telemetrySeconds", telemetrySeconds.map(Double.init), 1...3_600)
    try require("labelledPercent", labelledPercent, 0...100)
    try require("servedSeconds", servedSeconds.map(Double.init), 60...604_800)
    try require("present.accuracyPercent", present?.accuracyPercent, 0...100)
    try require("present.microjoules", present?.microjoules, 0.000_001...1e9)
    try require("present.spikes", present?.spikes, 1...1e6)
    try require("present.microseconds", present?.microseconds, 1...1e7)
    try require("new.accuracyPoints", new?.accuracyPoints, -100...100)
    try require("new.churnPercent", new?.churnPercent, 0...50)
    try require("new.joulesPercent", new?.joulesPercent, -99...10_000)
    try require("new.spikesPercent", new?.spikesPercent, -100...10_000)
    try require("new.latencyPercent", new?.latencyPercent, -99...10_000)
    for (index, fault) in (faults ?? []).enumerated() {
      let key = "faults[\(index)]"
      try require("\(key).percent", fault.percent, 0...100)
      try require("\(key).atSeconds", fault.atSeconds.map(Double.init), 0...3_888_000)
      try require("\(key).seconds", fault.seconds.map(Double.init), 1...3_888_000)
      guard fault.fault.hasPercent != (fault.percent == nil) else {
        throw ConfigurationError(
          file: path, key: "\(key).percent",
          found: fault.percent.map { "`\($0)`" } ?? "no such key",
          expected: fault.fault.hasPercent
            ? "how much of it, in percent" : "nothing: `\(fault.fault.rawValue)` has no measure",
          cure: fault.fault.hasPercent ? "add it" : "remove it")
      }
    }
  }
}
