package import FleetCore
import FleetProtocol

/// A question about stored telemetry, as the tool asks it and the coordinator answers it.
package struct TelemetryQuery: Sendable, Equatable {
  /// What rows may be told apart by.
  package enum Key: RawRepresentable, Sendable, Equatable, CaseIterable {
    case node, model, chip
    /// All labels of the node, or the one of that name.
    case label(String?)

    /// The keys without a name of their own.
    package static let allCases: [Key] = [.node, .model, .chip, .label(nil)]

    /// Reads `node`, `model`, `chip`, `label` or `label.NAME`; nil for anything else.
    package init?(rawValue text: String) {
      if let known = Self.allCases.first(where: { $0.rawValue == text }) {
        self = known
      } else if text.hasPrefix("label."), let name = Identifier(String(text.dropFirst(6))) {
        self = .label(name.text)
      } else {
        return nil
      }
    }

    /// The key as it is asked for.
    package var rawValue: String {
      switch self {
      case .node: "node"
      case .model: "model"
      case .chip: "chip"
      case .label(nil): "label"
      case .label(let name?): "label.\(name)"
      }
    }
  }

  /// What can be asked for; counts and joules are what was added in the row's span of time.
  package enum Metric: String, Sendable, CaseIterable {
    case inferences, labelled, accuracy
    case joules
    case inferenceJoules = "inference-joules"
    case learningJoules = "learning-joules"
    case joulesPerInference = "joules-per-inference"
    case learningSamples = "learning-samples"
    case learningAccuracy = "learning-accuracy"
    case synapticOperations = "synaptic-operations"
    case spikes
    case chipSeconds = "chip-seconds"
    case busySeconds = "busy-seconds"
    case cpuSeconds = "cpu-seconds"
    case sentBytes = "sent-bytes"
    case receivedBytes = "received-bytes"
    case residentKibibytes = "resident-kibibytes"

    /// What a first look needs.
    package static let usual: [Metric] = [
      .inferences, .accuracy, .joules, .joulesPerInference, .learningSamples,
    ]
  }

  /// From when on, by the nodes' clocks, inclusive.
  package var since: Instant
  /// Until when, exclusive.
  package var until: Instant
  /// raw, minute or hour; nil takes the finest that makes a readable answer.
  package var tier: String?
  /// Keys in the order of the columns.
  package var groupBy: [Key]
  /// Metrics in the order of the columns.
  package var metrics: [Metric]
  /// One row for the whole span instead of one for each interval.
  package var isSummed: Bool
  /// Leaves out what cannot be true, instead of counting and marking it.
  package var isPlausibleOnly: Bool

  /// A question with all its parts.
  package init(
    since: Instant, until: Instant, tier: String? = nil, groupBy: [Key] = [],
    metrics: [Metric] = Metric.usual, isSummed: Bool = false, isPlausibleOnly: Bool = false
  ) {
    self.since = since
    self.until = until
    self.tier = tier
    self.groupBy = groupBy
    self.metrics = metrics
    self.isSummed = isSummed
    self.isPlausibleOnly = isPlausibleOnly
  }

  /// The question as a path of the admin endpoint.
  var path: String {
    var items = ["since=\(since.microseconds)", "until=\(until.microseconds)"]
    if let tier { items.append("tier=\(tier)") }
    items.append("group=" + groupBy.map(\.rawValue).joined(separator: ","))
    items.append("metric=" + metrics.map(\.rawValue).joined(separator: ","))
    if isSummed { items.append("sum=1") }
    if isPlausibleOnly { items.append("plausible=1") }
    return APIPath.telemetry + "?" + items.joined(separator: "&")
  }

  /// Reads the items of such a path; throws what is wrong with which.
  init(_ item: (String) -> String?) throws(ServiceError) {
    func instant(_ name: String) throws(ServiceError) -> Instant {
      guard let number = item(name).flatMap(Int64.init), number >= 0 else {
        throw Self.refusal(
          name, item(name) ?? "", expected: "microseconds since 1970 as a whole number")
      }
      return Instant(microseconds: number)
    }
    since = try instant("since")
    until = try instant("until")
    tier = item("tier")
    groupBy = try Self.list(item("group"), of: Key.self, "group")
    metrics = try Self.list(item("metric"), of: Metric.self, "metric")
    isSummed = item("sum") == "1"
    isPlausibleOnly = item("plausible") == "1"
    guard since < until else {
      throw Self.refusal("since", "\(since.microseconds)", expected: "an instant before `until`")
    }
  }

  private static func list<Name: RawRepresentable<String> & CaseIterable>(
    _ text: String?, of type: Name.Type, _ name: String
  ) throws(ServiceError) -> [Name] {
    var found: [Name] = []
    for word in (text ?? "").split(separator: ",") {
      guard let value = Name(rawValue: String(word)) else {
        let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
        throw refusal(name, String(word), expected: "some of \(known)")
      }
      found.append(value)
    }
    return found
  }

  private static func refusal(
    _ name: String, _ found: String, expected: String
  ) -> ServiceError {
    ServiceError(
      status: 400, code: "query",
      detail: "query parameter \(name) is `\(found.prefix(60))`, expected \(expected)")
  }
}

/// The answer to a `TelemetryQuery`.
package struct TelemetryAnswer: Codable, Sendable, Equatable {
  /// raw, minute or hour.
  package var tier: String
  /// The question's span, microseconds since 1970.
  package var sinceMicroseconds: Int64
  /// End of the span, exclusive.
  package var untilMicroseconds: Int64
  /// Keys in the order of the question.
  package var groupBy: [String]
  /// Metrics in the order of the question.
  package var metrics: [String]
  /// By time, then by group.
  package var rows: [Row]

  /// One group in one interval.
  package struct Row: Codable, Sendable, Equatable {
    /// Beginning of the interval; nil where the whole span is one.
    package var atMicroseconds: Int64?
    /// The group, in the order of `groupBy`.
    package var group: [String]
    /// Values in the order of `metrics`; nil where nothing was counted or a price is missing.
    package var values: [Double?]
    /// Nodes with a window in the row.
    package var nodes: Int
    /// Windows in the row.
    package var windows: Int
    /// Windows among them that cannot be true.
    package var flagged: Int
    /// All marks of the windows, in words: gap, merged and lost mean that less is known.
    package var flags: [String]
    /// Name and weakest evidence grade of each price table behind the joules.
    package var priceTables: [String]

    /// A row with all its fields.
    package init(
      atMicroseconds: Int64?, group: [String], values: [Double?], nodes: Int, windows: Int,
      flagged: Int, flags: [String], priceTables: [String]
    ) {
      self.atMicroseconds = atMicroseconds
      self.group = group
      self.values = values
      self.nodes = nodes
      self.windows = windows
      self.flagged = flagged
      self.flags = flags
      self.priceTables = priceTables
    }
  }

  /// An answer with its rows.
  package init(
    tier: String, sinceMicroseconds: Int64, untilMicroseconds: Int64, groupBy: [String],
    metrics: [String], rows: [Row]
  ) {
    self.tier = tier
    self.sinceMicroseconds = sinceMicroseconds
    self.untilMicroseconds = untilMicroseconds
    self.groupBy = groupBy
    self.metrics = metrics
    self.rows = rows
  }
}
