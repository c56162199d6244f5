import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing
import Workbench

/// The drill of `docs/OPERATIONS.md` with real processes: the coordinator's state is lost, and
/// comes back from a backup that is older than what the nodes have seen.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RestoreDrillTests {
  private static let nodes = ["north", "east", "south"]

  private func tool(_ fleet: TestFleet, _ arguments: [String]) throws -> Programs.Outcome {
    try Programs.run(
      Programs.tool,
      arguments + ["--context", fleet.folder.appending(path: "operator/context.yaml").path])
  }

  /// Waits until so many windows of each node are stored.
  private func stored(_ count: Int, _ fleet: TestFleet) async throws {
    for node in fleet.nodes {
      let id = try #require(Identifier(node))
      _ = try await eventually("\(count) windows of \(node)", log: { fleet.logs }) {
        try await fleet.client().telemetry(node: id, limit: count).count >= count ? true : nil
      }
    }
  }

  private func backUp(_ fleet: TestFleet, _ file: String) throws -> BackupManifest {
    let made = try tool(fleet, ["backup", file, "-o", "json"])
    #expect(made.status == 0, "\(made.errors)")
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    return try JSONDecoder().decode(BackupManifest.self, from: Data(made.output.utf8))
  }

  private func restore(_ fleet: TestFleet, _ arguments: [String]) throws -> Programs.Outcome {
    try Programs.run(
      Programs.coordinator,
      ["restore"] + arguments + [
        "--config", fleet.folder.appending(path: "coordinator/coordinator.yaml").path,
      ])
  }

  @Test
  func `a fleet whose coordinator lost its state converges on the backup and serves meanwhile`()
    async throws
  {
    let fleet = try TestFleet(nodes: Self.nodes)
    let histories = Self.nodes.map { AgentHistory(fleet, $0) }
    for history in histories { try history.prepare() }
    try await fleet.startCoordinator()
    let agents = try Self.nodes.map { try fleet.startAgent($0) }
    try await fleet.acceptAll()
    let first = try await fleet.push()
    try await fleet.deploy(first)
    try await stored(2, fleet)
    let file = fleet.folder.appending(path: "fleet.backup").path
    let manifest = try backUp(fleet, file)
    #expect(manifest.nodes == 3 && manifest.models == 1)
    // What the backup does not know of: another model, a job, and telemetry.
    let other = try SmallModel.compile(
      channels: TestFleet.channels, hidden: 32, classes: TestFleet.classes, seed: 77)
    let second = try await fleet.push(other)
    try await fleet.deploy(second)
    try await fleet.startJob("lost", second, rounds: 1)
    _ = try await fleet.endOfJob("lost")
    try await stored(6, fleet)
    fleet.daemon("coordinator")?.kill()
    let state = fleet.folder.appending(path: "coordinator/state").path
    try FileManager.default.removeItem(atPath: state)
    let restored = try restore(fleet, [file])
    #expect(restored.status == 0, "\(restored.errors)")
    #expect(restored.output.contains("the next start has epoch 1"), "\(restored.output)")
    try await fleet.startCoordinator()
    try await converged(fleet, on: first)
    try await check(fleet, manifest)
    // Every agent is the process that it was, and left no window out.
    for agent in agents { #expect(agent.isRunning) }
    for agent in agents { #expect(try await agent.stop() == 0) }
    #expect(try await fleet.daemon("coordinator")?.stop() == 0)
    try checkTotals(fleet, histories)
  }

  private func converged(_ fleet: TestFleet, on model: ContentDigest) async throws {
    _ = try await eventually("all serve the backup's model", within: 90, log: { fleet.logs }) {
      let nodes = try await fleet.client().nodes()
      return nodes.count == 3
        && nodes.allSatisfy {
          $0.phase == "active" && $0.observedModel == model.hex
            && $0.desiredGeneration == $0.observedGeneration
            && ($0.desiredGeneration?.split(separator: ".").first?.count ?? 0) >= 10
        } ? true : nil
    }
  }

  private func check(_ fleet: TestFleet, _ manifest: BackupManifest) async throws {
    let client = try fleet.client()
    _ = try await eventually("each gap is told of", log: { fleet.logs }) {
      let gaps = try await client.events(after: 0, about: nil, limit: 10_000)
        .filter { $0.kind == "telemetry.gap" }
      return Set(gaps.map(\.subject)) == Set(Self.nodes) ? true : nil
    }
    let events = try await client.events(after: 0, about: nil, limit: 10_000)
    #expect(events.contains { $0.kind == "coordinator.restored" })
    #expect(
      events.filter { $0.kind == "node.ahead" }.map(\.subject).sorted() == Self.nodes.sorted())
    #expect(!events.contains { $0.kind == "epoch.behind" })
    let verified = try tool(fleet, ["audit", "verify", "--expect", manifest.journalHash])
    #expect(verified.status == 0, "\(verified.errors)")
    let asked = try tool(fleet, ["events", "--kind", "asked", "-o", "json"])
    #expect(asked.output.contains("\"detail\" : \"backup\""), "\(asked.output)")
    #expect(try await client.jobs().isEmpty)
  }

  /// Sums are what the nodes counted, although windows are missing for ever.
  private func checkTotals(_ fleet: TestFleet, _ histories: [AgentHistory]) throws {
    let folder = fleet.folder.appending(path: "coordinator/state").path
    StateLock.release(folder)
    let store = try FleetStore(folder: folder)
    let (totals, state) = (try store.totals(), try store.load())
    for history in histories {
      let windows = try history.windows()
      #expect(Set(windows.map(\.boot)).count == 1, "\(history.node) was started once")
      #expect(
        windows.map(\.window.sequence) == Array(1...UInt64(windows.count)), "\(history.node)")
      // The window that the end of the process closes may come too late to be sent; what is stored
      // is all up to some window, and none that was acknowledged lies beyond.
      let node = try #require(Identifier(history.node).flatMap { state.nodes[$0] })
      let through = node.telemetryThrough(boot: try #require(windows.last).boot)
      let newest = windows.last { $0.window.sequence == through }
      #expect(windows.allSatisfy { !$0.isAcknowledged || $0.window.sequence <= through })
      let counted = totals.filter { $0.node.text == history.node }
        .reduce(UInt64(0)) { $0 + $1.counters.inferences }
      #expect(counted == newest?.window.inferences, "\(history.node)")
      // It served in every interval, the outage among them; the end of the process closes the last
      // one, however short it is.
      let served = windows.dropLast().map(\.window.inferences).drop { $0 == 0 }
      #expect(zip(served, served.dropFirst()).allSatisfy { $0 < $1 }, "\(history.node): \(served)")
    }
  }

  @Test func `a restore refuses a state that is in use or there, and puts one aside when told to`()
    async throws
  {
    let fleet = try TestFleet(nodes: ["north"])
    let daemon = try await fleet.startCoordinator()
    let file = fleet.folder.appending(path: "fleet.backup").path
    let manifest = try backUp(fleet, file)
    let again = try tool(fleet, ["backup", file])
    #expect(again.status == 1 && again.errors.contains("is there already"))
    let inUse = try restore(fleet, [file, "--put-aside"])
    #expect(inUse.status == 1 && inUse.errors.contains("in use by process \(daemon.processID)"))
    #expect(try await daemon.stop() == 0)
    let occupied = try restore(fleet, [file])
    #expect(occupied.status == 1 && occupied.errors.contains("--put-aside"), "\(occupied.errors)")
    let verified = try restore(fleet, [file, "--verify"])
    #expect(verified.status == 0 && verified.output.contains(manifest.journalHash))
    let token = try Context(folder: fleet.folder).token.text
    let restored = try restore(fleet, [file, "--put-aside"])
    #expect(restored.status == 0 && restored.output.contains("the former state lies in"))
    try await fleet.startCoordinator()
    #expect(try Context(folder: fleet.folder).token.text == token)
    #expect(try await fleet.client().status().epoch > manifest.epoch + 1_000_000)
  }

  @Test func `a backup that dies, or finds no room, leaves nothing under its name`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    _ = try await fleet.push()
    let file = fleet.folder.appending(path: "fleet.backup").path
    let context = fleet.folder.appending(path: "operator/context.yaml").path
    func limited(_ prefix: String) throws -> Programs.Outcome {
      try Programs.run(
        "/bin/bash",
        [
          "-c", "\(prefix) ulimit -f 64; exec \"$0\" backup \"$1\" --context \"$2\"", Programs.tool,
          file, context,
        ])
    }
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: fleet.folder.path)
        .filter { $0.hasPrefix("fleet.backup") }
    }
    // The system ends a process that writes more than it may, as kill -9 would.
    #expect(try limited("").status != 0)
    #expect(try names().allSatisfy { $0.hasSuffix(".partial") })
    for name in try names() {
      let left = try restore(fleet, [fleet.folder.appending(path: name).path, "--verify"])
      #expect(left.status == 1, "\(left.output)")
      try FileManager.default.removeItem(at: fleet.folder.appending(path: name))
    }
    let full = try limited("trap '' XFSZ;")
    #expect(full.status == 1 && full.errors.contains("cannot be written"), "\(full.errors)")
    #expect(try names().isEmpty)
    _ = try backUp(fleet, file)
    #expect(try names() == ["fleet.backup"])
  }

  @Test func `the debug bundle holds what helps and no secret`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    try await fleet.deploy(try await fleet.push())
    func path(_ name: String) -> String { fleet.folder.appending(path: name).path }
    for arguments in [
      ["token", "create", "desk", "--scope", "read", "--file", path("desk.token")],
      ["join-token", "create", "site", "--file", path("site.token")],
    ] { #expect(try tool(fleet, arguments).status == 0) }
    let file = path("bundle.tar")
    let made = try tool(fleet, ["debug", "bundle", file])
    #expect(made.status == 0 && made.errors.isEmpty, "\(made.errors)")
    let bytes = try Data(contentsOf: URL(filePath: file))
    for secret in try secrets(fleet) {
      #expect(bytes.range(of: Data(secret.utf8)) == nil, "a secret of \(secret.utf8.count) bytes")
    }
    let listed = try Programs.run("/bin/tar", ["-tf", file])
    for name in [
      "status.json", "nodes.json", "events.json", "coordinator.json", "coordinator.log",
      "rollouts.json", "jobs.json",
    ] { #expect(listed.output.contains(name), "\(listed.output)") }
    let unpacked = try Programs.run("/bin/tar", ["-xOf", file])
    for words in [
      "rows hold", "\"integrity\"", "stateFolder: ", "13-event-chain", "coordinator.listening",
      "deployment.made",
    ] { #expect(unpacked.output.contains(words), "\(words)") }
  }

  @Test func `a backup holds no secret`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    for (kind, name) in [("token", "desk"), ("join-token", "site")] {
      let file = fleet.folder.appending(path: "\(name).token").path
      let scopes = kind == "token" ? ["--scope", "read"] : []
      #expect(try tool(fleet, [kind, "create", name, "--file", file] + scopes).status == 0)
    }
    let file = fleet.folder.appending(path: "fleet.backup").path
    _ = try backUp(fleet, file)
    let bytes = try Data(contentsOf: URL(filePath: file))
    // Its tokens work after a restore: their hashes are there.
    for secret in try secrets(fleet, withHashes: false) {
      #expect(bytes.range(of: Data(secret.utf8)) == nil, "a secret of \(secret.utf8.count) bytes")
    }
  }

  /// Everything in the fleet's folder that nobody but its owner may know.
  private func secrets(_ fleet: TestFleet, withHashes: Bool = true) throws -> [String] {
    var secrets: [String] = []
    let all = FileManager.default.enumerator(atPath: fleet.folder.path)
    for case let name as String in all ?? .init() {
      let isKey = name.hasSuffix(".key")
      guard isKey || name.hasSuffix(".token") else { continue }
      let text = try String(
        contentsOfFile: fleet.folder.appending(path: name).path, encoding: .utf8)
      for line in text.split(separator: "\n") where !line.hasPrefix("public ") {
        let word = line.split(separator: " ").last.map(String.init) ?? ""
        #expect(word.utf8.count >= 40, "\(name)")
        secrets.append(word)
        if withHashes, !isKey, let token = BearerToken(word) { secrets.append(token.hash) }
      }
    }
    // Keys of coordinator, node, root, publisher, deploy, federation; three tokens and hashes.
    #expect(secrets.count >= (withHashes ? 12 : 9), "\(secrets.count)")
    return secrets
  }
}
