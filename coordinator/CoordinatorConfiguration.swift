import FleetCore
import FleetStore
import Workbench

/// Everything the coordinator is told: flag, then environment, then file, then default.
struct CoordinatorConfiguration {
  /// `tcp://HOST:PORT` of the control endpoint.
  var control: String
  /// `tcp://HOST:PORT` of the data endpoint.
  var data: String
  /// Host of the admin endpoint.
  var adminHost: String
  /// Port of the admin endpoint.
  var adminPort: Int
  /// CURVE secret key file.
  var curveKeyFile: String
  /// Ed25519 seed file of the deploy role.
  var deployKeyFile: String
  /// Ed25519 seed file of the federation role.
  var federationKeyFile: String
  /// Signed root file.
  var rootFile: String
  /// Folder of the database, the blobs and the admin token.
  var stateFolder: String
  /// Folder in which the enrolment process leaves requests; nil where there is none.
  var enrolSpool: String?
  /// Sample folder for the held-out check of federated rounds; nil to commit unchecked.
  var checkData: String?
  /// Heartbeat interval and liveness of agents.
  var settings: CoordinatorSettings
  /// How long each tier of telemetry is kept.
  var retention: TelemetryRetention
  /// Most watts that a chip of this fleet can draw; telemetry that says more is marked.
  var powerWattsMax: Double
  /// Seconds by which a node's clock may be ahead before its telemetry is marked.
  var clockAheadSeconds: Int
  /// debug, info, notice, warning or error.
  var logLevel: String

  init(_ file: ConfigurationFile) throws(ConfigurationError) {
    control = try file.string("control", default: "tcp://0.0.0.0:7470")
    data = try file.string("data", default: "tcp://0.0.0.0:7471")
    let admin = try file.string("admin", default: "127.0.0.1:7472")
    guard let colon = admin.lastIndex(of: ":"), let port = Int(admin[admin.index(after: colon)...]),
      (0...65_535).contains(port), colon > admin.startIndex
    else {
      throw file.error(
        "admin", found: "`\(admin)`", expected: "HOST:PORT",
        cure: "name the address of the admin endpoint, 127.0.0.1:7472 for this machine only")
    }
    adminHost = String(admin[..<colon])
    // The token travels in the clear; whoever wants it from afar puts TLS or SSH in front.
    guard ["127.0.0.1", "localhost", "::1", "[::1]"].contains(adminHost) else {
      throw file.error(
        "admin", found: "`\(admin)`", expected: "an address of this machine alone",
        cure: "use 127.0.0.1:\(port) and reach it through `ssh -L` or a proxy that speaks TLS")
    }
    adminPort = port
    curveKeyFile = try file.path("curveKeyFile")
    deployKeyFile = try file.path("deployKeyFile")
    federationKeyFile = try file.path("federationKeyFile")
    rootFile = try file.path("rootFile")
    stateFolder = try file.path("stateFolder")
    enrolSpool = try file.optionalPath("enrolSpool")
    checkData = try file.optionalPath("checkData")
    settings = CoordinatorSettings()
    settings.heartbeatMilliseconds = UInt32(
      try file.int("heartbeatMilliseconds", default: 10_000, in: 100...600_000))
    settings.liveness = UInt32(try file.int("liveness", default: 3, in: 2...100))
    retention = TelemetryRetention(
      days: [
        .raw: try file.int("telemetry.rawDays", default: 7, in: 1...3_650),
        .minute: try file.int("telemetry.minuteDays", default: 90, in: 1...3_650),
        .hour: try file.int("telemetry.hourDays", default: 730, in: 1...36_500),
      ])
    powerWattsMax = try file.double("telemetry.powerWattsMax", default: 100, in: 1e-6...1e6)
    clockAheadSeconds = try file.int("telemetry.clockAheadSeconds", default: 300, in: 1...86_400)
    logLevel = try file.choice("logLevel", of: LogFormat.levels, default: "info")
    try file.finish()
  }

  /// All of it as `key: value`; secrets are files, of which the paths alone stand here.
  var lines: [String] {
    let days = TelemetryTier.allCases.map { tier in
      retention.days[tier].map { "\($0)" } ?? "all"
    }
    return [
      "control: \(control)", "data: \(data)", "admin: \(adminHost):\(adminPort)",
      "curveKeyFile: \(curveKeyFile)", "deployKeyFile: \(deployKeyFile)",
      "federationKeyFile: \(federationKeyFile)", "rootFile: \(rootFile)",
      "stateFolder: \(stateFolder)", "enrolSpool: \(enrolSpool ?? "")",
      "checkData: \(checkData ?? "")",
      "heartbeatMilliseconds: \(settings.heartbeatMilliseconds)",
      "liveness: \(settings.liveness)",
      "telemetry days: \(days.joined(separator: " "))",
      "telemetry.powerWattsMax: \(powerWattsMax)",
      "telemetry.clockAheadSeconds: \(clockAheadSeconds)", "logLevel: \(logLevel)",
    ]
  }
}
