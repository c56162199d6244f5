import Testing
import Workbench

@Suite struct ConfigurationFileTests {
  private let text = """
    node: camera-1
    coordinator:
      control: tcp://127.0.0.1:7470
    rate: 2.5
    beats: 7
    stateFolder: state
    """

  private func file(
    _ text: String? = nil, path: String = "fleet/agent.yaml",
    overrides: [String: String] = [:], environment: [String: String] = [:]
  ) throws(ConfigurationError) -> ConfigurationFile {
    try ConfigurationFile(
      text: text ?? self.text, path: path, environmentPrefix: "TEST_AGENT_",
      overrides: overrides, environment: environment)
  }

  private func readAll(_ file: ConfigurationFile) throws(ConfigurationError) {
    _ = try file.string("node")
    _ = try file.string("coordinator.control")
    _ = try file.double("rate", default: 1, in: 0...10)
    _ = try file.int("beats", default: 1, in: 1...10)
    _ = try file.path("stateFolder")
    try file.finish()
  }

  @Test func `values come from the file, defaults where nobody set one`() throws {
    let file = try file()
    #expect(try file.string("node") == "camera-1")
    #expect(try file.string("coordinator.control") == "tcp://127.0.0.1:7470")
    #expect(try file.double("rate", default: 1, in: 0...10) == 2.5)
    #expect(try file.int("beats", in: 1...10) == 7)
    #expect(try file.int("other", default: 3, in: 1...10) == 3)
    #expect(try file.optionalString("nothing") == nil)
    #expect(try file.choice("level", of: ["info", "debug"], default: "info") == "info")
  }

  @Test func `a flag wins over the environment, the environment over the file`() throws {
    let environment = ["TEST_AGENT_COORDINATOR_CONTROL": "tcp://b:1", "TEST_AGENT_NODE": "b"]
    let file = try file(overrides: ["node": "a"], environment: environment)
    #expect(try file.string("node") == "a")
    #expect(try file.string("coordinator.control") == "tcp://b:1")
  }

  @Test func `relative paths in the file start at its folder, others at the working one`() throws {
    #expect(try file().path("stateFolder") == "fleet/state")
    #expect(try file(path: "agent.yaml").path("stateFolder") == "state")
    #expect(try file("stateFolder: /var/lib/x").path("stateFolder") == "/var/lib/x")
    #expect(try file(overrides: ["stateFolder": "here"]).path("stateFolder") == "here")
    let environment = ["TEST_AGENT_STATE_FOLDER": "here"]
    #expect(try file(environment: environment).path("stateFolder") == "here")
    #expect(try file().optionalPath("stream") == nil)
  }

  @Test func `a missing key is named with every way to set it`() throws {
    let file = try file()
    let error = try #require(throws: ConfigurationError.self) {
      try file.path("keyFile")
    }
    #expect(
      error.description
        == "fleet/agent.yaml: `keyFile`: found no such key, expected a value; add it "
        + "to the file, set TEST_AGENT_KEY_FILE, or give --key-file")
  }

  @Test func `a value out of range is named with its line`() throws {
    let file = try file()
    let error = try #require(throws: ConfigurationError.self) {
      try file.int("beats", in: 8...9)
    }
    #expect(error.file == "fleet/agent.yaml:5")
    #expect(error.key == "beats")
    #expect(error.found == "`7`")
    #expect(error.expected == "a whole number from 8 to 9")
  }

  @Test func `a wrong flag or variable is blamed, not the file`() throws {
    let flag = try file(overrides: ["beats": "many"])
    #expect(throws: ConfigurationError.self) { try flag.int("beats", in: 1...9) }
    #expect(flag.error("beats", found: "", expected: "", cure: "").file == "flag --beats")
    let variable = try file(environment: ["TEST_AGENT_BEATS": "0"])
    let error = try #require(throws: ConfigurationError.self) {
      try variable.int("beats", default: 2, in: 1...9)
    }
    #expect(error.file == "environment variable TEST_AGENT_BEATS")
  }

  @Test(arguments: [
    ("node: []", "node", "a list"), ("node: {a: 1}", "node", "a mapping"),
    ("node:", "node", "nothing"), ("node: ''", "node", "nothing"), ("node: ~", "node", "nothing"),
    ("coordinator: here", "coordinator.control", "`here`"),
  ])
  func `a value of another kind is refused`(text: String, key: String, found: String) throws {
    let file = try file(text)
    let error = try #require(throws: ConfigurationError.self) { try file.string(key) }
    #expect(error.found == found)
    #expect(error.file == "fleet/agent.yaml:1")
  }

  @Test(arguments: ["nan", "inf", "1e400", "-1", "fast", "10.5"])
  func `a number outside its range or none at all is refused`(number: String) throws {
    let file = try file("rate: \(number)")
    #expect(throws: ConfigurationError.self) { try file.double("rate", default: 1, in: 0...10) }
  }

  @Test func `an unknown key is refused with the nearest known one`() throws {
    try readAll(file())
    let error = try #require(throws: ConfigurationError.self) {
      try readAll(file(text + "\nstateFolders: x\n"))
    }
    #expect(error.file == "fleet/agent.yaml:7")
    #expect(error.key == "stateFolders")
    #expect(error.cure == "write `stateFolder` if that is meant, or remove it")
    let nested = try #require(throws: ConfigurationError.self) {
      try readAll(file("coordinator: {control: a, door: b}\nnode: n\nstateFolder: s"))
    }
    #expect(nested.key == "coordinator.door")
  }

  @Test func `an unknown variable is refused, those of other programs are not`() throws {
    try readAll(file(environment: ["TEST_OTHER": "1", "TEST_AGENT_RATE": "1"]))
    let error = try #require(throws: ConfigurationError.self) {
      try readAll(file(environment: ["TEST_AGENT_RATES": "1"]))
    }
    #expect(error.key == "TEST_AGENT_RATES")
    #expect(error.cure == "write `TEST_AGENT_RATE` if that is meant, or remove it")
  }

  @Test(arguments: [
    ("node: [", "fleet/agent.yaml:"), ("a: 1\na: 2", "fleet/agent.yaml:"),
    ("- a\n- b", "fleet/agent.yaml"), ("just words", "fleet/agent.yaml"),
    ("? [a]\n: b", "fleet/agent.yaml:1"), ("a.b: 1", "fleet/agent.yaml:1"),
    (String(repeating: "{a: ", count: 100) + String(repeating: "}", count: 100), ""),
  ])
  func `text that is no mapping of settings is refused`(text: String, place: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try file(text) }
    #expect(error.file.hasPrefix(place), "\(error)")
    #expect(!error.description.contains("\n"))
  }

  @Test func `an empty file lacks what is needed`() throws {
    let file = try file("")
    #expect(throws: ConfigurationError.self) { try file.string("node") }
  }

  @Test func `a file that cannot be read is named with the reason`() throws {
    let missing = try #require(throws: ConfigurationError.self) {
      try ConfigurationFile(path: "no/such/file.yaml", environmentPrefix: "TEST_")
    }
    #expect(missing.description.contains("no/such/file.yaml: found no such file or directory"))
    let folder = try #require(throws: ConfigurationError.self) {
      try ConfigurationFile(path: ".", environmentPrefix: "TEST_")
    }
    #expect(folder.found == "a directory")
  }
}
