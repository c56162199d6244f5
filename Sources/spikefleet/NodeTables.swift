import FleetAPI
import FleetCore
import Workbench

/// Nodes as tables.
enum NodeTables {
  static func list(_ views: [NodeView]) -> TextTable {
    var table = TextTable([
      .text("NODE"), .text("STATE"), .text("WORK"), .text("CHIP"), .text("SHOULD RUN"),
      .text("RUNS"),
      .text("PHASE"), .text("REASON"),
    ])
    for view in views {
      table.add([
        view.name, state(view), view.duty, view.chip.isEmpty ? Figure.missing : view.chip,
        Figure.digest(view.desiredModel), Figure.digest(view.observedModel),
        view.phase ?? Figure.missing, view.code.isEmpty ? view.alarm : view.code,
      ])
    }
    return table
  }

  /// Two live processes with one key matter for as long as they may still be at it.
  private static let duplicateMicroseconds: Int64 = 600_000_000

  private static func state(_ view: NodeView) -> String {
    guard let seen = view.duplicateMicroseconds,
      WallClock.now().microseconds - seen < duplicateMicroseconds
    else { return view.liveness }
    return view.liveness + ", duplicate"
  }

  static func description(_ view: NodeView) -> TextTable {
    var table = TextTable([.text("FIELD"), .text("VALUE")])
    table.add(["name", view.name])
    table.add(["state", state(view)])
    table.add(["work", view.duty])
    if let reason = view.quarantine { table.add(["kept out of rounds", reason]) }
    let labels = view.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    table.add(["labels", labels.isEmpty ? Figure.missing : labels.joined(separator: " ")])
    table.add(["agent", view.agentVersion.isEmpty ? Figure.missing : view.agentVersion])
    if view.isRotating { table.add(["key", "a new one is on its way"]) }
    table.add(["last heard", Figure.duration(milliseconds: view.silentMilliseconds)])
    table.add(["chip", view.chip.isEmpty ? Figure.missing : view.chip])
    table.add(["fingerprint", view.fingerprint])
    table.add(["public key", view.publicKey])
    table.add(["should run", view.desiredModel ?? Figure.missing])
    table.add(["generation", view.desiredGeneration ?? Figure.missing])
    table.add(["reports about", view.observedModel ?? Figure.missing])
    table.add(["phase", view.phase ?? Figure.missing])
    table.add(["root file", view.rootVersion.map { "version \($0)" } ?? Figure.missing])
    if !view.alarm.isEmpty {
      table.add(["alarm", "\(view.alarm); see `spikefleet events --node \(view.name)`"])
    }
    if !view.code.isEmpty { table.add(["reason", "\(view.code): \(view.detail)"]) }
    return table
  }
}
