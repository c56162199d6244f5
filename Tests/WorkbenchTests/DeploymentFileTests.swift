import FleetCore
import Foundation
import RolloutGates
import Testing
import Workbench

/// Deployments as operators write them.
@Suite struct DeploymentFileTests {
  private func read(_ text: String) throws -> RolloutSpecification {
    try StrictYAML.decode(DeploymentFile.self, text: text, path: "d.yaml").specification("d.yaml")
  }

  private func error(_ text: String) -> String {
    do {
      return "read: \(try read(text))"
    } catch {
      return "\(error)"
    }
  }

  @Test func `what is left out is what the example says`() throws {
    let least = try read("name: digits-2\nmodel: digits\n")
    var example = try DeploymentFile.read(packageFile("fleet-configs/deployment.yaml"))
    #expect(example.selector.labels == ["site": "lab"])
    #expect(example.shadow == .init(perMille: 250, waves: 1))
    #expect(
      example.windows == [
        MaintenanceWindow(weekdays: [1, 2, 3, 4], openingMinute: 90, minutes: 180)
      ])
    #expect(example.startsAt == Instant(microseconds: 1_796_083_200_000_000))
    example.selector = NodeSelector()
    (example.shadow, example.windows, example.startsAt) = (nil, [], nil)
    #expect(example == least)
  }

  @Test func `bounds are written in points and percent, and can be off`() throws {
    let rollout = try read(
      """
      name: a
      model: m
      waves: [3, 50%]
      gates: {accuracyDropPoints: 0.5, joulesRatioMax: off, disagreementPercent: 4}
      """)
    #expect(rollout.waves == [.nodes(3), .percent(50)])
    #expect(rollout.gates.accuracyDropMax == 0.005)
    #expect(rollout.gates.joulesRatioMax == nil)
    #expect(rollout.gates.disagreementMax == 0.04)
    #expect(rollout.gates.spikesRatioMax == 1.5)
  }

  @Test(arguments: [
    ("wave: [1]", "d.yaml:3: `wave`"), ("waves: [0]", "`waves[0]`"),
    ("waves: [101%]", "a share such as 25%"), ("shadow: 20", "`shadow`"),
    ("gates: {accuracyDropPoints: low}", "a number, or off"),
    ("windows: [{opens: \"25:00\", minutes: 5}]", "\"02:30\""),
    ("windows: [{opens: \"02:00\", minutes: 5, days: [mon]}]", "days"),
    ("startsAt: tomorrow", "2026-12-24T02:00:00Z"), ("onInsufficient: hope", "onInsufficient"),
  ])
  func `what cannot be is refused by its name`(line: String, words: String) {
    let error = error("name: a\nmodel: m\n\(line)\n")
    #expect(error.contains(words), "\(error)")
  }
}
