package import FleetProtocol

/// Everything an agent is told: flag, then environment, then file, then default.
package struct AgentConfiguration: Sendable, Equatable {
  /// Prefix of the environment variables.
  package static let environmentPrefix = "SPIKEFLEET_AGENT_"

  /// Name of this node, as the operator accepts it.
  package var node: Identifier
  /// The coordinator's pinned CURVE key, 40 characters of Z85.
  package var coordinatorKey: String
  /// A second key that is believed too, while the coordinator's key is being changed; nil for none.
  package var nextCoordinatorKey: String?
  /// `tcp://HOST:PORT` of the coordinator's control endpoint.
  package var control: String
  /// `tcp://HOST:PORT` of the coordinator's data endpoint.
  package var data: String
  /// File with this node's CURVE key pair, mode 0600.
  package var keyFile: String
  /// Whether a missing key file is made at the first start, as in a golden image.
  package var makesKey: Bool
  /// How this machine joins without an operator; nil where it waits to be accepted.
  package var join: JoinSettings?
  /// Signed root file: whose signatures this node believes.
  package var rootFile: String
  /// Folder of the database and the models.
  package var stateFolder: String
  /// Folder of labelled samples: this node's sensor.
  package var stream: String
  /// What keeps the node from forgetting what it was deployed with.
  package var learning: LearningSettings
  /// Name of the chip architecture this node carries.
  package var chip: String
  /// Samples shown to the chip each second.
  package var inferencesPerSecond: Double
  /// Length of a telemetry window.
  package var telemetrySeconds: Double
  /// Bytes of models that this node may hold at a time.
  package var diskQuotaBytes: UInt64
  /// Hours without a fresh sign of life of the coordinator after which the node raises an alarm.
  package var freezeHours: Double
  /// Seconds between two snapshots of what a model that serves has learnt.
  package var snapshotSeconds: Double
  /// Joules that the chip may use in a day, by UTC; nil for as many as the coordinator allows.
  package var joulesPerDay: Double?
  /// Share of the inferences that is made even where no energy is left.
  package var energyLeastShare: Double
  /// File with the percent of charge of the node's battery; nil on mains.
  package var battery: String?
  /// One of `LogFormat.levels`.
  package var logLevel: String
  /// How the log is written.
  package var logFormat: LogFormat

  /// Asks the file for each key that exists and refuses all others.
  package init(_ file: ConfigurationFile) throws(ConfigurationError) {
    let name = try file.string("node")
    guard let node = Identifier(name) else {
      throw file.error(
        "node", found: "`\(name)`",
        expected: "1 to \(Limits.identifierLengthMax) of a-z, 0-9, `.`, `_`, `-`, letter or digit "
          + "first", cure: "use the name under which the operator accepts this node")
    }
    self.node = node
    coordinatorKey = try file.string("coordinator.publicKey")
    nextCoordinatorKey = try file.optionalString("coordinator.nextPublicKey")
    control = try Self.address("coordinator.control", file)
    data = try Self.address("coordinator.data", file)
    keyFile = try file.path("keyFile")
    let missing = try file.choice("keyFileMissing", of: ["refuse", "create"], default: "refuse")
    makesKey = missing == "create"
    join = try Self.join(file)
    rootFile = try file.path("rootFile")
    stateFolder = try file.path("stateFolder")
    stream = try file.path("stream")
    learning = try Self.learning(file)
    chip = try file.string("chip")
    inferencesPerSecond = try file.double("inferencesPerSecond", default: 50, in: 0.01...100_000)
    telemetrySeconds = try file.double("telemetrySeconds", default: 2, in: 0.05...3_600)
    diskQuotaBytes =
      UInt64(try file.int("diskQuotaMebibytes", default: 4_096, in: 1...1_048_576)) << 20
    freezeHours = try file.double("freezeHours", default: 24, in: 0.01...8_760)
    snapshotSeconds = try file.double(
      "learning.snapshotSeconds", default: 30, in: 0.1...86_400)
    let joules = try file.double("energy.joulesPerDay", default: 0, in: 0...1e9)
    joulesPerDay = joules > 0 ? joules : nil
    energyLeastShare = try file.double("energy.leastShare", default: 0, in: 0...1)
    battery = try file.optionalPath("energy.battery")
    logLevel = try file.choice("logLevel", of: LogFormat.levels, default: "info")
    let format = try file.choice(
      "logFormat", of: LogFormat.allCases.map(\.rawValue), default: LogFormat.text.rawValue)
    logFormat = LogFormat(rawValue: format) ?? .text
    try file.finish()
  }

  private static func learning(
    _ file: ConfigurationFile
  ) throws(ConfigurationError) -> LearningSettings {
    let names = try file.string("learning.freeze", default: "none")
    let samples = try file.int("learning.rehearsal.samples", default: 0, in: 0...1_000_000)
    let share = try file.double("learning.rehearsal.share", default: 1, in: 0...100)
    let drift = try file.int("learning.maxDrift", default: 65_535, in: 0...65_535)
    return LearningSettings(
      freeze: names == "none" ? [] : names.split(separator: " ").map(String.init),
      maxDrift: drift == 65_535 ? nil : drift,
      rehearsal: samples == 0 ? nil : .init(samples: samples, share: share))
  }

  private static func join(
    _ file: ConfigurationFile
  ) throws(ConfigurationError) -> JoinSettings? {
    guard let tokenFile = try file.optionalPath("join.tokenFile") else { return nil }
    return JoinSettings(
      tokenFile: tokenFile, address: try address("join.address", file),
      publicKey: try file.string("join.publicKey"))
  }

  private static func address(
    _ key: String, _ file: ConfigurationFile
  ) throws(ConfigurationError) -> String {
    let text = try file.string(key)
    let scheme = "tcp://"
    guard text.hasPrefix(scheme), let colon = text.lastIndex(of: ":"),
      text.distance(from: text.startIndex, to: colon) > scheme.count,
      let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
    else {
      throw file.error(
        key, found: "`\(text)`", expected: "tcp://HOST:PORT",
        cure: "write the address that the coordinator's log names")
    }
    return text
  }
}

/// How a machine joins a fleet by itself: with a token, once.
package struct JoinSettings: Sendable, Equatable {
  /// File of mode 0600 with the token.
  package var tokenFile: String
  /// `tcp://HOST:PORT` of the enrolment endpoint.
  package var address: String
  /// The enrolment endpoint's pinned CURVE key, 40 characters of Z85.
  package var publicKey: String

  /// Settings with their facts.
  package init(tokenFile: String, address: String, publicKey: String) {
    self.tokenFile = tokenFile
    self.address = address
    self.publicKey = publicKey
  }
}
