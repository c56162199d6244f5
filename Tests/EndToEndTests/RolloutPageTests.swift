import CompiledModel
import Foundation
import Testing

/// The commands that `docs/ROLLOUTS.md` shows are run as they stand there.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RolloutPageTests {
  private func block(_ name: String) throws -> String {
    let text = try String(
      contentsOfFile: SmallModel.packageFile("docs/ROLLOUTS.md"), encoding: .utf8)
    return try #require(TourTests.block(name, of: text), "\(name)")
  }

  private func run(_ commands: String, in folder: String) throws -> Programs.Outcome {
    let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
    return try Programs.run(
      "/bin/bash",
      ["-c", "set -euo pipefail; cd '\(folder)'; PATH='\(programs)':\"$PATH\"\n\(commands)"])
  }

  @Test func `a rehearsal of the example stops the worse model before it serves`() throws {
    let root = URL(filePath: SmallModel.packageFile("fleet-configs")).deletingLastPathComponent()
    let outcome = try run(block("rehearse"), in: root.path)
    #expect(outcome.status == 1, "\(outcome.output)\n\(outcome.errors)")
    for words in ["accuracy lost", "would be failed", "0 nodes at most served the new model"] {
      #expect(outcome.output.contains(words), "\(words) in\n\(outcome.output)")
    }
    let many = try run(
      block("rehearse").trimmingCharacters(in: .newlines) + " --seeds 1..3 -o json", in: root.path)
    #expect(many.status == 0, "\(many.errors)")
    #expect(many.output.contains("\"pastFirstWave\" : 0"), "\(many.output)")
  }

  @Test func `an evening goes as the page says`() async throws {
    let fleet = try TestFleet(
      nodes: ["north", "east", "south"],
      settings: [
        "--inferences-per-second", "200", "--telemetry-seconds", "1",
        "--heartbeat-milliseconds", "500",
      ])
    try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    try await fleet.deploy(try await fleet.push())
    _ = try await fleet.push(
      fleet.model.mappingWeights { index, weight in
        index == 0 ? weight + (weight > 0 ? -1 : 1) : weight
      })
    // As the example, but for a small fleet that has an evening of seconds.
    let deployment = """
      name: digits-2
      model: \(fleet.model.name)
      selector: {labels: {site: lab}}
      waves: [1]
      shadow: {percent: 100}
      gates: {accuracyDropPoints: 30, joulesRatioMax: 2, samplesMin: 100, errorRate: 0.05}
      bakeSeconds: 2
      """
    try Data(deployment.utf8).write(to: fleet.folder.appending(path: "deployment.yaml"))
    let outcome = try run(block("evening"), in: fleet.folder.path)
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)\n\(fleet.logs)")
    for words in [
      "rollout digits-2 begins", "wave 1, shadowing: passed, every bound is kept",
      "rollout digits-2 completed; 1 active", "accuracy",
    ] {
      #expect(outcome.output.contains(words), "\(words) in\n\(outcome.output)")
    }
  }
}
