import FleetProtocol
import Foundation
import Testing
import Workbench

@Suite struct AgentConfigurationTests {
  private static let example = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fleet-configs/agent.yaml").path

  private func read(_ overrides: [String: String] = [:]) throws -> AgentConfiguration {
    try AgentConfiguration(
      try ConfigurationFile(
        path: Self.example, environmentPrefix: AgentConfiguration.environmentPrefix,
        overrides: overrides, environment: [:]))
  }

  @Test func `the example is read, its paths start at its folder`() throws {
    let settings = try read()
    #expect(settings.node.text == "north")
    #expect(settings.coordinatorKey.count == 40 && settings.nextCoordinatorKey == nil)
    #expect(try read(["coordinator.nextPublicKey": "another"]).nextCoordinatorKey == "another")
    #expect(settings.control == "tcp://127.0.0.1:7470")
    #expect(settings.keyFile.hasSuffix("/fleet-configs/curve.key"))
    #expect(settings.chip == "loihi-learn")
    #expect(settings.inferencesPerSecond == 50)
    #expect(settings.telemetrySeconds == 2)
    #expect(settings.logFormat == .text)
    #expect(settings.learning == LearningSettings())
  }

  @Test func `settings of learning are read`() throws {
    let settings = try read([
      "learning.freeze": "hidden1 hidden2", "learning.maxDrift": "256",
      "learning.rehearsal.samples": "90", "learning.rehearsal.share": "0.5",
    ])
    #expect(
      settings.learning
        == LearningSettings(
          freeze: ["hidden1", "hidden2"], maxDrift: 256,
          rehearsal: .init(samples: 90, share: 0.5)))
  }

  @Test(arguments: [
    ("node", "North Pole"), ("node", ".."), ("coordinator.control", "127.0.0.1:7470"),
    ("coordinator.control", "tcp://:7470"), ("coordinator.data", "tcp://host"),
    ("coordinator.data", "tcp://host:70000"), ("inferencesPerSecond", "0"),
    ("inferencesPerSecond", "fast"), ("telemetrySeconds", "nan"), ("logLevel", "loud"),
    ("logFormat", "xml"),
    ("learning.maxDrift", "65536"), ("learning.rehearsal.share", "-1"),
    ("learning.rehearsal.samples", "few"), ("stateFolder", ""), ("chip", ""),
  ])
  func `a wrong value is refused with its key`(key: String, value: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try read([key: value]) }
    #expect(error.key == key)
    #expect(error.file.hasPrefix("flag --"))
  }

  @Test(arguments: [
    "node", "coordinator.publicKey", "coordinator.control", "coordinator.data", "keyFile",
    "rootFile", "stateFolder", "stream", "chip",
  ])
  func `a missing key is named`(key: String) throws {
    let name = try #require(key.split(separator: ".").last)
    let text = try String(contentsOfFile: Self.example, encoding: .utf8)
      .split(separator: "\n").filter { !$0.trimmed.hasPrefix("\(name):") }
      .joined(separator: "\n")
    let file = try ConfigurationFile(text: text, path: "agent.yaml", environmentPrefix: "NONE_")
    let error = try #require(throws: ConfigurationError.self) { try AgentConfiguration(file) }
    #expect(error.key == key)
    #expect(error.found == "no such key")
  }
}

extension Substring {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
