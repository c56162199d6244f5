import Testing
import Workbench

/// Scripts of rehearsals as operators write them.
@Suite struct RehearsalFileTests {
  private func error(_ text: String) -> String {
    do {
      let file = try StrictYAML.decode(RehearsalFile.self, text: text, path: "r.yaml")
      try file.check("r.yaml")
      return "read: \(file)"
    } catch {
      return "\(error)"
    }
  }

  @Test func `the example has every key but those of model files`() throws {
    let file = try RehearsalFile.read(packageFile("fleet-configs/rehearsal.yaml"))
    #expect(file.nodes == 20 && file.inferencesPerSecond == 20 && file.telemetrySeconds == 10)
    #expect(file.labelledPercent == 100 && file.servedSeconds == 900)
    #expect(file.models == nil)
    #expect(file.present?.accuracyPercent == 90 && file.present?.spikes == 300)
    #expect(file.new?.accuracyPoints == -5 && file.new?.silent == false)
    let faults = try #require(file.faults)
    #expect(faults.map(\.fault) == [.offline, .slow])
    #expect(faults.map(\.nodes) == [.count(2), .count(3)])
    #expect(faults[0].seconds == 600 && faults[1].percent == 25)
  }

  @Test(arguments: [
    ("node: 3", "`node`"), ("nodes: 0", "1.0 to 1000.0"), ("labelledPercent: 120", "0.0 to 100.0"),
    ("new: {accuracyPoints: -200}", "new.accuracyPoints"),
    ("faults: [{fault: hope, nodes: 1}]", "faults[0].fault"),
    ("faults: [{fault: slow, nodes: 1}]", "how much of it"),
    ("faults: [{fault: offline, nodes: 1, percent: 5}]", "has no measure"),
    ("faults: [{fault: offline, nodes: north}]", "a list"),
    ("models: {present: a.snn, new: b.snn}", "samples"),
  ])
  func `what cannot be is refused by its name`(line: String, words: String) {
    let error = error(line + "\n")
    #expect(error.contains(words), "\(error)")
  }

  @Test func `nodes of a fault can be named`() throws {
    let file = try StrictYAML.decode(
      RehearsalFile.self, text: "faults: [{fault: refuses, nodes: [node-1, node-2]}]\n",
      path: "r.yaml")
    #expect(file.faults?.first?.nodes == .named(["node-1", "node-2"]))
  }
}
