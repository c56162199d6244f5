import FleetAPI
import FleetProtocol
import Foundation
import Testing
import Workbench
import ZeroMQTransport

/// The command-line tool as a process: help, exit statuses, and what `init` leaves on the disk.
@Suite(.timeLimit(.minutes(5))) struct ToolTests {
  private static let commands = [
    [], ["init"], ["node"], ["node", "list"], ["node", "accept"], ["node", "describe"],
    ["node", "reject"], ["node", "revoke"], ["node", "replace"], ["node", "rotate-key"],
    ["node", "label"], ["node", "cordon"], ["node", "uncordon"], ["node", "drain"],
    ["node", "reset-learning"], ["node", "logs"], ["node", "self-test"], ["node", "bundle"],
    ["join-token"], ["join-token", "create"], ["join-token", "list"], ["join-token", "revoke"],
    ["token"], ["token", "create"], ["token", "list"], ["token", "revoke"], ["audit"],
    ["audit", "list"], ["audit", "verify"], ["backup"], ["debug"], ["debug", "bundle"], ["data"],
    ["data", "fetch"], ["data", "deal"], ["model"], ["model", "train"], ["model", "compile"],
    ["model", "evaluate"], ["model", "push"], ["model", "list"], ["model", "describe"],
    ["model", "diff"],
    ["model", "pull"], ["model", "remove"], ["deploy"], ["deploy", "model"], ["deploy", "plan"],
    ["deploy", "apply"],
    ["rollout"], ["rollout", "list"], ["rollout", "status"], ["rollout", "watch"],
    ["rollout", "explain"], ["rollout", "pause"], ["rollout", "resume"], ["rollout", "promote"],
    ["rollout", "abort"], ["rollout", "undo"], ["rollout", "retry"], ["status"], ["top"],
    ["energy"], ["telemetry"],
    ["telemetry", "query"], ["events"],
    ["federate"], ["federate", "start"], ["federate", "status"], ["federate", "watch"],
    ["federate", "cancel"], ["federate", "history"], ["federate", "report"],
    ["federate", "rollback"], ["demo"],
    ["key"], ["key", "create"], ["key", "list"], ["key", "rotate"], ["key", "sign"], ["root"],
    ["root", "push"], ["root", "pull"], ["model", "sign"], ["model", "verify"],
    ["chip"], ["chip", "list"], ["chip", "show"], ["chip", "run"], ["chip", "raster"],
    ["simulate"], ["simulate", "chaos"], ["simulate", "fleet"],
  ]

  @Test(arguments: commands) func `each command explains itself`(command: [String]) throws {
    let outcome = try Programs.run(Programs.tool, command + ["--help"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("OVERVIEW: "))
    #expect(
      outcome.output.contains("USAGE: \((["spikefleet"] + command).joined(separator: " "))"))
    #expect(outcome.errors.isEmpty)
  }

  @Test(arguments: [
    ["unknown"], ["init"], ["init", "a", "--node", "Upper"], ["init", "a", "--node", "../a"],
    ["init", "a", "--node", "n", "--node", "n"], ["init", "a", "--control-port", "70000"],
    ["node", "accept", "short", "--name", "n"], ["deploy"], ["deploy", "m", "--wait", "-1"],
    ["deploy", "m", "--shadow", "5", "--probe", "10"], ["deploy", "plan"], ["rollout", "undo"],
    ["top", "--interval", "0"], ["status", "-o", "xml"], ["telemetry", "n", "--limit", "0"],
    ["telemetry", "query", "--since", "soon"], ["telemetry", "query", "--group-by", "colour"],
    ["telemetry", "query", "--metric", "love"], ["telemetry", "query", "--tier", "day"],
    ["model", "compile", "n.json"], ["model", "push", "m.snn"],
    ["model", "push", "m.snn", "--key", "k", "--expires-days", "0"],
    ["federate", "watch"], ["federate", "report"], ["federate", "rollback", "j"],
    ["federate", "report", "j", "--radio-nanojoules-per-byte", "-1"], ["model", "diff", "a"],
    ["chip", "show"], ["chip", "run", "m.snn"],
    ["key", "create"], ["key", "rotate", "--root", "r"], ["root", "push"],
    ["key", "rotate", "--root", "r", "--out", "o", "--add", "janitor=k"],
    ["key", "rotate", "--root", "r", "--out", "o", "--threshold", "root=0"],
    ["model", "push", "m.snn", "--key", "k", "--manifest", "m"],
    ["model", "sign", "m.snn", "--manifest", "m"], ["events", "--node", "Upper"],
    ["events", "--since", "soon"], ["audit", "verify", "--expect", "1234"], ["backup"],
    ["debug", "bundle", "f", "--events", "0"],
    ["chip", "run", "m.snn", "--data", "d", "--count", "0"],
    ["chip", "run", "m.snn", "--data", "d", "--probe", "hidden"],
    ["chip", "run", "m.snn", "--data", "d", "--learn", "--metrics"],
    ["chip", "raster", "m.snn", "--data", "d"],
    ["simulate", "chaos"], ["simulate", "chaos", "--seeds", "3..1"],
    ["simulate", "chaos", "--seeds", "1", "--nodes", "0"], ["simulate", "fleet"],
    ["simulate", "fleet", "--nodes", "0"], ["node", "drain", "n", "--timeout", "5"],
    ["node", "rotate-key", "n", "--wait", "--timeout", "-1"],
  ])
  func `wrong usage ends with status 64`(arguments: [String]) throws {
    let outcome = try Programs.run(Programs.tool, arguments)
    #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
    #expect(outcome.errors.contains("Error: "))
    #expect(outcome.output.isEmpty)
  }

  @Test(arguments: [
    ["model", "compile", "none.json", "--chip", "none.yaml", "--out", "a.snn"],
    ["model", "evaluate", "none.snn", "--data", "none"],
    ["model", "train", "--data", "none", "--out", "a.json"],
    ["data", "deal", "none.yaml", "--to", "a"], ["demo", "none.yaml"],
    ["federate", "start", "none.yaml", "--context", "none.yaml"],
    ["deploy", "plan", "none.yaml"], ["deploy", "apply", "none.yaml"],
    ["key", "list", "--root", "none"], ["root", "push", "none"],
    ["model", "verify", "none.snn", "--manifest", "none", "--root", "none"],
    ["status", "--context", "none.yaml"], ["chip", "list", "none"],
    ["chip", "show", "none.yaml"], ["chip", "run", "none.snn", "--data", "none"],
    ["chip", "raster", "none.snn", "--data", "none", "--out", "a.svg"],
  ])
  func `a missing file is named and ends with status 1`(arguments: [String]) throws {
    let outcome = try Programs.run(Programs.tool, arguments)
    #expect(outcome.status == 1, "\(arguments): \(outcome.errors)")
    #expect(outcome.errors.hasPrefix("spikefleet: none"), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test func `init writes a fleet once, with its secrets for their owner alone`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-test-\(UUID().uuidString.lowercased())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let arguments = ["init", folder.path, "--node", "north", "--node", "east", "-o", "json"]
    let outcome = try Programs.run(Programs.tool, arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let fleet = FleetFolder(path: folder.path)
    for path in [
      fleet.rootKey, fleet.publisherKey, fleet.deployKey, fleet.federationKey,
      fleet.coordinatorCurveKey, fleet.agentCurveKey("north"), fleet.agentCurveKey("east"),
    ] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(path)")
    }
    let root = try RootFile(path: fleet.agentRoot("north")).load()
    let manifest = SignedDocument.sign(
      [], as: .manifest, with: [try SigningKeyFile(path: fleet.publisherKey).load()])
    #expect(throws: Never.self) { try root.publishedManifest(manifest) }
    let order = SignedDocument.sign(
      [], as: .order, with: [try SigningKeyFile(path: fleet.deployKey).load()])
    #expect(throws: Never.self) { try root.order(order) }
    let key = try CurveKeyFile(path: fleet.agentCurveKey("north")).load().publicKey
    #expect(outcome.output.contains(key.fingerprint.text))
    #expect(
      try String(contentsOfFile: fleet.agentPublicKey("north"), encoding: .utf8) == key.z85 + "\n")
    let again = try Programs.run(Programs.tool, arguments)
    #expect(again.status == 1)
    #expect(again.errors.contains("found a fleet already"), "\(again.errors)")
    #expect(try CurveKeyFile(path: fleet.agentCurveKey("north")).load().publicKey == key)
  }

  @Test func `a coordinator that never started means status 2`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-test-\(UUID().uuidString.lowercased())")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Programs.run(Programs.tool, ["init", folder.path]).status == 0)
    let outcome = try Programs.run(
      Programs.tool, ["status", "--context", FleetFolder(path: folder.path).context])
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("no token yet"), "\(outcome.errors)")
  }
}
