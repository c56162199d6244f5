import CompiledModel
import FleetAPI
import Foundation
import Testing

/// What a user does wrong is named, with what to do, and the process ends with status 1.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RefusalTests {
  @Test func `a second coordinator on the same state folder is refused`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let first = try await fleet.startCoordinator()
    let outcome = try Programs.run(Programs.coordinator, ["--config", config(fleet)])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("in use by process \(first.processID)"), "\(outcome.errors)")
    #expect(first.isRunning)
  }

  @Test func `a port in use is named`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    let address = try await fleet.client().status().controlAddress
    let other = fleet.folder.appending(path: "other").path
    let outcome = try Programs.run(
      Programs.coordinator,
      [
        "--config", config(fleet), "--state-folder", other, "--control", address, "--data",
        "tcp://127.0.0.1:*", "--admin", "127.0.0.1:0",
      ])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("port in use"), "\(outcome.errors)")
    #expect(outcome.errors.contains(address), "\(outcome.errors)")
  }

  @Test func `settings that are wrong or missing are named with their file`() throws {
    let fleet = try TestFleet(nodes: ["north"])
    let path = fleet.folder.appending(path: "coordinator/coordinator.yaml")
    let good = try String(contentsOf: path, encoding: .utf8)
    for (text, expected) in [
      (good + "\ncolour: blue\n", "colour"),
      (good.replacing("curveKeyFile:", with: "curveKeyFiles:"), "curveKeyFile"),
      (good + "\nliveness: many\n", "liveness"),
      ("- a\n- b\n", "coordinator.yaml"),
    ] {
      try text.write(to: path, atomically: true, encoding: .utf8)
      let outcome = try Programs.run(Programs.coordinator, ["--config", path.path, "--check"])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("coordinator.yaml"), "\(outcome.errors)")
      #expect(outcome.errors.contains(expected), "\(outcome.errors)")
    }
  }

  @Test func `samples that are missing are named with the command that writes them`() throws {
    let fleet = try TestFleet(nodes: ["north"])
    for (program, config, key, samples) in [
      (Programs.coordinator, config(fleet), "checkData", "coordinator/check"),
      (Programs.agent, agentConfig(fleet), "stream", "agents/north/stream"),
    ] {
      try FileManager.default.removeItem(at: fleet.folder.appending(path: samples))
      for arguments in [["--config", config], ["--config", config, "--check"]] {
        let outcome = try Programs.run(program, arguments)
        #expect(outcome.status == 1)
        for word in [config, "`\(key)`", samples, "spikefleet data deal"] {
          #expect(outcome.errors.contains(word), "\(word) in \(outcome.errors)")
        }
      }
    }
  }

  @Test func `a key that others can read is refused`() throws {
    let fleet = try TestFleet(nodes: ["north"])
    for (program, file, config) in [
      (Programs.coordinator, "coordinator/curve.key", config(fleet)),
      (Programs.coordinator, "coordinator/deploy.key", config(fleet)),
      (Programs.agent, "agents/north/curve.key", agentConfig(fleet)),
    ] {
      let path = fleet.folder.appending(path: file).path
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      let outcome = try Programs.run(program, ["--config", config, "--check"])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("chmod 600"), "\(outcome.errors)")
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
  }

  @Test func `a state folder that is a file is refused`() throws {
    let fleet = try TestFleet(nodes: ["north"])
    let blocked = fleet.folder.appending(path: "blocked")
    try Data().write(to: blocked)
    for (program, config) in [
      (Programs.coordinator, config(fleet)), (Programs.agent, agentConfig(fleet)),
    ] {
      let outcome = try Programs.run(
        program, ["--config", config, "--state-folder", blocked.path])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(blocked.path), "\(outcome.errors)")
    }
  }

  @Test func `a damaged or tampered model is not taken`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    let path = fleet.folder.appending(path: "broken.snn")
    try Data(fleet.model.encoded().dropLast(100)).write(to: path)
    let key = fleet.folder.appending(path: "operator/publisher.key").path
    let context = fleet.folder.appending(path: "operator/context.yaml").path
    let outcome = try Programs.run(
      Programs.tool, ["model", "push", path.path, "--key", key, "--context", context])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("broken.snn"), "\(outcome.errors)")
    // A key that the root file does not name for publishers.
    try Data(fleet.model.encoded()).write(to: path)
    let deployKey = fleet.folder.appending(path: "coordinator/deploy.key").path
    let stranger = try Programs.run(
      Programs.tool, ["model", "push", path.path, "--key", deployKey, "--context", context])
    #expect(stranger.status == 1)
    #expect(stranger.errors.contains("unknown-signer"), "\(stranger.errors)")
    #expect(try await fleet.client().models().isEmpty)
  }

  @Test func `no coordinator means status 2`() throws {
    let fleet = try TestFleet(nodes: ["north"])
    let token = fleet.folder.appending(path: "coordinator/state/admin.token")
    try FileManager.default.createDirectory(
      at: token.deletingLastPathComponent(), withIntermediateDirectories: true)
    try String(repeating: "a", count: 64).write(to: token, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: token.path)
    let outcome = try Programs.run(
      Programs.tool,
      ["status", "--context", fleet.folder.appending(path: "operator/context.yaml").path])
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("no coordinator answers"), "\(outcome.errors)")
  }

  private func config(_ fleet: TestFleet) -> String {
    fleet.folder.appending(path: "coordinator/coordinator.yaml").path
  }

  private func agentConfig(_ fleet: TestFleet) -> String {
    fleet.folder.appending(path: "agents/north/agent.yaml").path
  }
}
