import CompiledModel
import Federation
import Foundation
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

/// The shipped scenario is what the main job asks for; wrong ones are named by file and key.
@Suite struct ScenarioTests {
  private let path = packageFile("fleet-configs/digits.yaml")

  private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  private func error(replacing old: String, with new: String) throws -> ConfigurationError {
    let text = try text()
    try #require(text.contains(old))
    let folder = try TemporaryFolder()
    let path = try folder.file("s.yaml", text.replacingOccurrences(of: old, with: new))
    return try #require(throws: ConfigurationError.self) { try Scenario.read(path) }
  }

  @Test func `the shipped scenario is read`() throws {
    let scenario = try Scenario.read(path)
    #expect(scenario.nodes.map(\.owns) == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]])
    #expect(scenario.federation.rounds == 10)
    #expect(scenario.federation.samplesPerRound == 400)
    #expect(scenario.expect.baseAccuracy == 82)
    let network = try scenario.template(inputs: 784, classes: 10).network()
    #expect(network.populations.map(\.size) == [784, 128, 10])
    #expect(network.steps == 10)
    #expect(network.projections.allSatisfy { $0.plasticity != nil })
    let chip = packageFile("fleet-configs/" + scenario.chip)
    #expect(try ChipFile.chip(contentsOf: chip).name == "loihi-learn")
  }

  @Test func `forms of learning on the chip are keys of the network`() throws {
    let folder = try TemporaryFolder()
    let keys = """
        traceDecay: 0.9
        feedback: adaptive
        feedbackScale: 0.1
        feedbackSeed: 7
        signalSteps: 5
        rate: {target: 0.1, strength: 0.02}
        applied: step
        aPost: 1
        postDecay: 0.2
        postTrace: before
        secondPreDecay: 0.5
        weightDecay: 3e-5
        eligibility: neuron

      """
    let path = try folder.file(
      "s.yaml", text().replacingOccurrences(of: "  traceDecay: 0.9\n", with: keys))
    let network = try Scenario.read(path).template(inputs: 8, classes: 10).network()
    var rule = ThreeFactorRule(
      learningRate: 0.001, postDecay: 0.2, aPost: 1, feedback: .adaptive, feedbackScale: 0.1,
      signalSteps: 5, rate: .init(target: 0.1, strength: 0.02), applied: .step, postTrace: .before,
      secondPreDecay: 0.5, weightDecay: 3e-5, eligibility: .neuron)
    rule.feedbackSeed = 7
    #expect(network.projections[0].plasticity == .threeFactor(rule))
    #expect(network.projections[1].plasticity == .threeFactor(rule.ofReadout))
    #expect(rule.ofReadout.feedback == .symmetric && rule.ofReadout.rate == nil)
    #expect(rule.ofReadout.applied == .step && rule.ofReadout.weightDecay == 3e-5)
    // The same without them is what it was.
    let plain = try Scenario.read(self.path).template(inputs: 8, classes: 10).network()
    let expected = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))
    #expect(plain.projections.allSatisfy { $0.plasticity == expected })
  }

  @Test(arguments: [
    ("  traceDecay: 0.9", "  traceDecay: 1.5", "network.traceDecay"),
    ("  learningGamma: 0.3", "  learningGamma: 3", "network.learningGamma"),
    ("  traceDecay: 0.9", "  traceDecay: 0.9\n  feedback: sideways", "network.feedback"),
    ("  traceDecay: 0.9", "  traceDecay: 0.9\n  signalSteps: 0", "network.signalSteps"),
    (
      "  traceDecay: 0.9", "  traceDecay: 0.9\n  rate: {target: 2, strength: 1}",
      "network.rate.target"
    ),
    ("  traceDecay: 0.9", "  traceDecay: 0.9\n  rate: {target: 0.1}", "network.rate.strength"),
    ("  steps: 10", "  steps: 0", "network.steps"),
    ("  hidden: [128]", "  hidden: [0]", "network.hidden"),
    ("  rounds: 10", "  round: 10", "federation.rounds"),
    ("  rounds: 10", "  rounds: 10\n  colour: blue", "federation.colour"),
    ("  rounds: 10", "  rounds: many", "federation.rounds"),
    ("  rounds: 10", "  rounds: -1", "federation.rounds"),
    ("  rounds: 10", "  rounds:", "federation.rounds"),
    ("  rounds: 10", "  rounds: 0", "federation.rounds"),
    ("  minimumReports: 3", "  minimumReports: 4", "federation.minimumReports"),
    ("owns: [4, 5, 6]", "owns: [4, 5, 60]", "nodes[1].owns"),
    ("owns: [4, 5, 6]", "owns: [4, 5, 6]\n    colour: blue", "nodes[1].colour"),
    ("name: east", "name: north", "nodes[1].name"),
    ("name: east", "name: ../east", "nodes[1].name"),
    ("ownShare: 0.8", "ownShare: 1.8", "data.ownShare"),
  ])
  func `a wrong key or value is named`(old: String, new: String, key: String) throws {
    let error = try error(replacing: old, with: new)
    #expect(error.key == key, "\(error)")
    #expect(error.file.contains("s.yaml"))
    #expect(!error.cure.isEmpty)
  }

  @Test func `broken syntax and a missing file are named`() throws {
    #expect(try error(replacing: "data:", with: "data: [").file.contains("s.yaml"))
    let missing = #expect(throws: ConfigurationError.self) { try Scenario.read("none.yaml") }
    #expect(missing?.description.contains("none.yaml") == true)
  }
}

/// What a run came to is held against what the scenario expects.
@Suite struct ScenarioVerdictTests {
  private let expect = Scenario.Expectation(
    baseAccuracy: 82, federatedGain: 3, pooledDistance: 3)

  private func holds(
    base: Double = 84, lone: [Double] = [85, 88], federated: Double = 91, pooled: Double = 92
  ) -> [Bool] {
    ScenarioVerdict(
      base: base,
      lone: lone.map { ScenarioVerdict.LoneNode(name: "n", accuracy: $0) },
      federated: federated, pooled: pooled
    ).checks(expect).map(\.holds)
  }

  @Test func `a good run holds`() {
    #expect(holds() == [true, true, true, true])
    #expect(holds(base: 82, lone: [84.9], federated: 85, pooled: 88) == [true, true, true, true])
  }

  @Test func `each shortfall is seen`() {
    #expect(holds(base: 81.9)[0] == false)
    #expect(holds(federated: 86.9) == [true, false, false, false])
    #expect(holds(lone: [91])[2] == false)
    #expect(holds(pooled: 94.1)[3] == false)
  }
}

/// Job files may leave out what the fleet knows.
@Suite struct JobFileTests {
  @Test func `the shipped job is read`() throws {
    let job = try JobFile.read(packageFile("fleet-configs/job.yaml"))
    #expect(job.model == "digits")
    #expect(job.rounds == 5)
    #expect(job.nodes == nil)
    #expect(job.strategy?.name == .fedAvgM)
    #expect(job.strategy?.values == ["learningRate": 1, "momentum": 0.3])
  }

  @Test(arguments: [
    "strategy: {name: fedavg, beta3: 1}", "strategy: {name: fedavgg}",
    "strategy: {name: krum}", "strategy: {name: median, weighting: samples}",
    "strategy: {name: fedadam, tau: -1}",
  ])
  func `a strategy with a wrong name or parameter is refused`(line: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("job.yaml", "name: a\n\(line)\n")
    let error = try #require(throws: ConfigurationError.self) { try JobFile.read(path) }
    #expect(error.file.hasPrefix(path))
    #expect(error.description.contains("expected"))
  }

  @Test func `an unknown key is refused`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("job.yaml", "name: a\nnode: [b]\n")
    let error = try #require(throws: ConfigurationError.self) { try JobFile.read(path) }
    #expect(error.key == "node")
    #expect(error.file == "\(path):2")
  }
}
