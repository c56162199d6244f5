import FleetProtocol
import Testing
import Workbench

/// What `init` writes is what the daemons and the tool read.
@Suite struct FleetFolderTests {
  private let settings = FleetFolderSettings(
    host: "127.0.0.1", controlPort: 7470, dataPort: 7471, adminPort: 7472,
    coordinatorPublicKey: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", chip: "loihi-learn",
    inferencesPerSecond: 50, telemetrySeconds: 2, heartbeatMilliseconds: 2_000)

  @Test func `an agent reads its settings`() throws {
    let read = try AgentConfiguration(
      try ConfigurationFile(
        text: settings.agent("north"), path: "agents/north/agent.yaml",
        environmentPrefix: AgentConfiguration.environmentPrefix))
    #expect(read.node.text == "north")
    #expect(read.coordinatorKey == settings.coordinatorPublicKey)
    #expect(read.control == "tcp://127.0.0.1:7470")
    #expect(read.data == "tcp://127.0.0.1:7471")
    #expect(read.keyFile == "agents/north/curve.key")
    #expect(read.stream == "agents/north/stream")
    #expect(read.stateFolder == "agents/north/state")
    #expect(read.inferencesPerSecond == 50)
  }

  @Test func `the tool reads its context`() throws {
    let folder = try TemporaryFolder()
    let context = try FleetContext(path: try folder.file("context.yaml", settings.context))
    #expect(context.endpoint == "http://127.0.0.1:7472")
    #expect(context.tokenFile == folder.path + "/../coordinator/state/admin.token")
  }

  @Test func `a wrong context is named by file and key`() throws {
    let folder = try TemporaryFolder()
    for (text, key) in [
      ("tokenFile: a\n", "endpoint"), ("endpoint: \"http://a:1\"\n", "tokenFile"),
      ("endpoint: a\ntokenFile: b\n", "endpoint"),
      ("endpoint: \"http://a:1\"\ntokenFile: b\ncolour: blue\n", "colour"),
    ] {
      let path = try folder.file("context.yaml", text)
      let error = try #require(throws: ConfigurationError.self) { try FleetContext(path: path) }
      #expect(error.key == key)
      #expect(error.file.contains("context.yaml"))
    }
  }

  @Test func `the flag wins over the environment, this over files`() throws {
    let both = [FleetContext.variable: "e.yaml", "HOME": "/h"]
    #expect(try FleetContext.locate(flag: "f.yaml", environment: both) == "f.yaml")
    #expect(try FleetContext.locate(flag: nil, environment: both) == "e.yaml")
    let home = ["HOME": "/h"]
    #expect(
      try FleetContext.locate(flag: nil, environment: home) { _ in true } == "operator/context.yaml"
    )
    let user = "/h/.config/spikefleet/context.yaml"
    #expect(try FleetContext.locate(flag: nil, environment: home) { $0 == user } == user)
    let error = #expect(throws: ConfigurationError.self) {
      try FleetContext.locate(flag: nil, environment: home) { _ in false }
    }
    #expect(error?.description.contains("--context") == true)
  }
}
