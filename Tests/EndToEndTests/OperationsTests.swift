import Foundation
import Testing

/// The commands of `docs/OPERATIONS.md` are run as they stand there, from top to bottom.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OperationsTests {
  private static let blocks = [
    "install", "accept", "daily", "budget", "rotate", "signing", "transport", "backup", "restore",
    "replace", "golden", "decommission", "tokens", "help", "audit",
  ]

  @Test func `an operator gets through the page`() throws {
    let text = try String(
      contentsOfFile: SmallModel.packageFile("docs/OPERATIONS.md"), encoding: .utf8)
    let page = try Self.blocks.map { try #require(TourTests.block($0, of: text), "\($0)") }
    #expect(text.split(separator: "```bash").count - 1 == page.count, "a block is not run")
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-operations-\(UUID().uuidString.lowercased())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "fleet-configs").path,
      withDestinationPath: SmallModel.packageFile("fleet-configs"))
    let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
    // Beside other runs of this test on the same machine.
    let port = 20_000 + ProcessInfo.processInfo.processIdentifier % 12_000
    let script = """
      set -euo pipefail
      cd '\(folder.path)'
      export PATH='\(programs)':"$PATH"
      trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
      \(page.joined(separator: "\n").replacing(":17473", with: ":\(port)"))
      """
    let outcome = try Programs.run("/bin/bash", ["-c", script])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
    for word in [
      "drained north", "north uses the key", "root file version 2 is in force", "golden trace",
      "revoked", "rows hold", "needs another scope", "is good no longer", "whole; a backup of",
      "the former state lies in", "coordinator.log",
    ] {
      #expect(outcome.output.contains(word), "\(word) in\n\(outcome.output)")
    }
  }

  /// A daemon refuses variables with its prefix that it does not know.
  private func checkNames(of settings: [String], daemon name: String) throws {
    let known = ["STATE_FOLDER", "KEY_FILE", "SPOOL_FOLDER"]
    let prefix = "SPIKEFLEET_\(name.uppercased())_"
    for setting in settings {
      let variable = setting.prefix { $0 != "=" }
      #expect(variable.hasPrefix(prefix))
      #expect(known.contains(String(variable.dropFirst(prefix.count))))
    }
    guard name != "enrol" else { return }
    let fleet = try TestFleet(nodes: ["north"])
    let file = name == "agent" ? "agents/north/agent.yaml" : "coordinator/coordinator.yaml"
    let program = name == "agent" ? Programs.agent : Programs.coordinator
    let config = fleet.folder.appending(path: file).path
    let outcome = try Programs.run(
      "/usr/bin/env", settings + [program, "--config", config, "--check"])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test(arguments: ["coordinator", "enrol", "agent"])
  func `requirement 15: a daemon's unit takes away what it does not need`(name: String) throws {
    let path = SmallModel.packageFile("fleet-configs/systemd/spikefleet-\(name).service")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let lines = text.split(separator: "\n").map(String.init)
    for line in [
      "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes",
      "PrivateDevices=yes", "SystemCallFilter=@system-service", "CapabilityBoundingSet=",
      "MemoryDenyWriteExecute=yes", "LimitCORE=0", "UMask=0077",
    ] { #expect(lines.contains(line), "\(line) in \(path)") }
    #expect(lines.contains { $0.hasPrefix("LimitNOFILE=") })
    #expect(lines.contains("User=spikefleet-\(name)"))
    // It sees a read-only system: what it writes has to lie in its own folder.
    let state = "/var/lib/spikefleet-\(name)"
    #expect(lines.contains("StateDirectory=spikefleet-\(name)"))
    let settings = lines.filter { $0.hasPrefix("Environment=") }.map { $0.dropFirst(12) }
    #expect(!settings.isEmpty && settings.allSatisfy { $0.contains("=\(state)") }, "\(settings)")
    try checkNames(of: settings.map(String.init), daemon: name)
    // What faces strangers, and what runs on small machines, has a bound on its memory.
    if name != "coordinator" { #expect(lines.contains { $0.hasPrefix("MemoryMax=") }) }
    let analyzer = "/usr/bin/systemd-analyze"
    guard FileManager.default.isExecutableFile(atPath: analyzer) else { return }
    // The programs are not installed where the tests run.
    let copy = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-\(UUID().uuidString.lowercased()).service")
    defer { try? FileManager.default.removeItem(at: copy) }
    let runnable = text.replacing(/ExecStart=\S+/, with: "ExecStart=/bin/true")
    try Data(runnable.utf8).write(to: copy)
    let outcome = try Programs.run(analyzer, ["verify", copy.path])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(!outcome.errors.contains(copy.lastPathComponent), "\(outcome.errors)")
  }
}
