import Accelerator
import CompiledModel
import FleetAPI
import FleetCore
import FleetStore
import Foundation
import NetworkCompiler
import SpikingNetwork
import Testing
import Workbench

/// A rule that nobody has seen reaches a running agent as a model does, and so do new constants.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RuleDeploymentTests {
  private static let samples: UInt32 = 40
  private static let jobSeed: UInt64 = 5

  /// A network of one layer that learns by a formula.
  private func compiled(_ name: String, dw: String) throws -> CompiledModel {
    let rule = ProgramRule(
      dw: dw, dt: "2^-6*x1*y0 - 2^-7*(y3 + 0.25)*x0 - 2^-4*t*u2",
      traces: [
        "x1": TraceRule(shift: 3), "x2": TraceRule(window: 4, reads: .before),
        "y3": TraceRule(tau: 0.005, nearest: true),
      ])
    let weights = InitialWeights.normal(
      count: TestFleet.channels * TestFleet.classes, standardDeviation: 0.1, seed: 3, stream: 0
    ).map { min(1, max(0, 0.3 + $0)) }
    let network = SpikingNetwork(
      name: name, timeStep: 0.001, steps: 16, encoder: .bernoulli(seed: 7),
      populations: [
        Population(name: "input", size: TestFleet.channels, model: .input),
        Population(
          name: "output", size: TestFleet.classes,
          model: .lif(LIFParameters(tauMem: 0.02, vThreshold: 4))),
      ],
      projections: [
        Projection(
          source: "input", target: "output", weights: weights, plasticity: .program(rule))
      ])
    let chip = try ChipFile.chip(
      contentsOf: SmallModel.packageFile("fleet-configs/chips/loihi-learn.yaml"))
    return try NetworkCompiler.compile(network, for: chip).model
  }

  /// What the chip's definition makes of a round: the model that a fleet of this node agrees on.
  private func learnt(_ model: CompiledModel, firstOrdinal: UInt64) -> ContentDigest {
    let stream = TestFleet.stream(node: 0)
    var order = StreamOrder(count: stream.count)
    var chip = ReferenceAccelerator(model)
    let seed = CounterRandom.draw(Self.jobSeed + 1, 0)
    for ordinal in firstOrdinal..<firstOrdinal + UInt64(Self.samples) {
      let sample = stream[order.position(of: ordinal)]
      _ = chip.learn(
        sample.intensities, sample: sample.id, label: sample.label, seed: seed, ordinal: ordinal)
    }
    #expect(chip.learnedState != model.learnedState)
    return BlobStore.digest(of: model.replacingLearnedState(chip.learnedState).encoded())
  }

  @Test func `a running agent learns by a new rule, then by new constants`() async throws {
    let first = try compiled("unseen-rule", dw: "2^-2*r*t*end - 2^-9*(w - 0.2)*x2*y0")
    let second = try compiled("unseen-rule", dw: "2^-1*r*t*end - 2^-7*(w - 0.4)*x2*y0")
    #expect(first.layers[0].connections[0].plasticity?.program?.pairForm == nil)
    let fleet = try TestFleet(nodes: ["north"], model: first)
    let coordinator = try await fleet.startCoordinator()
    let agent = try fleet.startAgent("north")
    try await fleet.acceptAll()
    var ordinal: UInt64 = 0
    for (number, model) in [first, second].enumerated() {
      let digest = try await fleet.push(model)
      try await fleet.deploy(digest)
      try await fleet.startJob("rule-\(number)", digest, rounds: 1, samples: Self.samples)
      let job = try await fleet.endOfJob("rule-\(number)")
      #expect(job.state == "finished", "\(job.detail)\n\(fleet.logs)")
      #expect(job.currentModel == learnt(model, firstOrdinal: ordinal).hex)
      ordinal += UInt64(Self.samples)
    }
    // The same process throughout.
    #expect(agent.isRunning)
    for daemon in [agent, coordinator] { #expect(try await daemon.stop() == 0, "\(daemon.log)") }
  }

  @Test func `a ready-made rule is written as a network file has it`() throws {
    for form in ProgramRule.forms {
      let outcome = try Programs.run(Programs.tool, ["model", "rule", form.name])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let written = try JSONDecoder().decode(
        [String: PlasticityRule].self, from: Data(outcome.output.utf8))
      #expect(written == ["plasticity": .program(form.rule)])
    }
    let list = try Programs.run(Programs.tool, ["model", "rule"])
    #expect(ProgramRule.forms.allSatisfy { list.output.contains($0.rule.dw) })
    #expect(try Programs.run(Programs.tool, ["model", "rule", "none"]).status != 0)
  }
}
