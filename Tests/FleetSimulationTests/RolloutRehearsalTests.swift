import FleetCore
import FleetProtocol
import FleetSimulation
import FleetStore
import RolloutGates
import Testing

extension FleetStore: GateStore {}

/// Deployments in the simulator: real cores, the real database, the real gates.
@Suite struct RolloutRehearsalTests {
  private static let nodes: [Identifier] = (1...8).compactMap { Identifier("node-\($0)") }

  private static func deployment() -> RolloutSpecification {
    RolloutSpecification(name: "digits-2", model: "new", waves: [.nodes(1), .nodes(3)])
  }

  private static func script() -> RehearsalScript { RehearsalScript(nodes: nodes) }

  private static func models(_ change: (inout ModelChange) -> Void = { _ in }) -> RehearsedModels {
    let (present, truth) = DrawnModel().table(seed: 3)
    var made = ModelChange()
    made.churnPercent = 2
    change(&made)
    return RehearsedModels(
      present: present, new: present.changed(by: made, truth: truth, seed: 4), truth: truth)
  }

  private static func rehearse(
    _ models: RehearsedModels, seed: UInt64 = 1, _ script: RehearsalScript = script(),
    _ change: (inout RolloutSpecification) -> Void = { _ in }
  ) throws -> RehearsalReport {
    var deployment = deployment()
    change(&deployment)
    return try RolloutRehearsal(
      deployment, models, script, seed: seed, store: FleetStore.inMemory()
    ).run()
  }

  @Test func `a model that is as good reaches every node`() throws {
    let report = try Self.rehearse(Self.models())
    #expect(report.state == .completed, "\(report)")
    #expect(report.steps == ["active": 8])
    #expect(report.decisions.map(\.verdict) == [.passed, .passed, .passed, .passed], "\(report)")
    #expect(report.mostServing == 8 && report.everServing == 8)
    #expect(report.streamed > 500)
  }

  /// A way to be worse, and the bound that it breaks.
  struct Worse: Sendable {
    var bound: String
    var change: ModelChange

    init(_ bound: String, _ change: (inout ModelChange) -> Void) {
      self.bound = bound
      self.change = ModelChange()
      self.change.churnPercent = 2
      change(&self.change)
    }
  }

  /// What each of these breaks is found beside the model that serves, so that it never serves.
  @Test(arguments: [
    Worse("accuracy") { $0.accuracyPoints = -5 },
    Worse("joules-per-inference") { $0.joulesPercent = 30 },
    Worse("spikes-above") { $0.spikesPercent = 100 },
    Worse("spikes-below") { $0.spikesPercent = -60 },
    Worse("accuracy") { $0.isSilent = true },
  ])
  func `a model that is worse never serves`(worse: Worse) throws {
    for seed in 1...2 {
      let models = Self.models { $0 = worse.change }
      let report = try Self.rehearse(models, seed: UInt64(seed))
      #expect(report.state == .failed, "\(report)")
      #expect(report.everServing == 0)
      let decision = try #require(report.decisions.first)
      #expect(decision.verdict == .stopped && decision.wave == 0)
      let broken = try #require(decision.assessment).results.filter { $0.finding == .breach }
      #expect(broken.map(\.subject.rawValue).contains(worse.bound), "\(decision)")
    }
  }

  @Test func `without a shadow a worse model is taken back from the first wave`() throws {
    let report = try Self.rehearse(Self.models { $0.accuracyPoints = -8 }) {
      $0.shadow = nil
      $0.gateSeconds = 86_400
    }
    #expect(report.state == .failed, "\(report)")
    #expect(report.everServing == 1 && report.mostServing == 1)
  }

  @Test func `few labels and a slow stream give insufficient evidence, not luck`() throws {
    var script = Self.script()
    (script.labelledPercent, script.inferencesPerSecond) = (1, 1)
    let report = try Self.rehearse(Self.models { $0.accuracyPoints = -3 }, script)
    #expect(report.state == .paused, "\(report)")
    #expect(report.decisions.map(\.verdict) == [.insufficient])
    #expect(report.everServing == 0)
  }

  @Test func `a node that refuses, one whose probe fails and one that is away end the rollout`()
    throws
  {
    for kind in [RehearsalFault.Kind.refuses, .failsProbe, .offline] {
      var script = Self.script()
      script.faults = [
        RehearsalFault(kind: kind, nodes: Self.nodes, atSeconds: 0, seconds: nil)
      ]
      let report = try Self.rehearse(Self.models(), script) { $0.shadow = nil }
      #expect(report.state == .failed, "\(kind): \(report)")
      #expect(report.reason.contains("nodes failed"), "\(kind): \(report.reason)")
    }
  }

  /// Without a shadow the gates compare before and after: what befalls every node is no loss.
  @Test func `sensors that get worse everywhere are not held against the model`() throws {
    var script = Self.script()
    script.faults = [
      RehearsalFault(kind: .spoils(percent: 6), nodes: Self.nodes, atSeconds: 1, seconds: nil)
    ]
    for seed in 1...2 {
      let report = try Self.rehearse(Self.models(), seed: UInt64(seed), script) {
        $0.shadow = nil
        $0.waves = [.nodes(3), .nodes(2)]
        $0.gateSeconds = 3_000
      }
      #expect(!report.decisions.contains { $0.verdict == .stopped && $0.wave == 0 }, "\(report)")
    }
  }

  /// A node counts what both models take, and only one of them served.
  @Test func `what a shadow took is not held against the model that it ran beside`() throws {
    let report = try Self.rehearse(Self.models { $0.spikesPercent = -20 }) {
      $0.shadow = .init(perMille: 1_000)
    }
    #expect(report.state == .completed, "\(report)")
    let served = try #require(report.decisions.first { $0.stage == .baking }?.assessment)
    let spikes = try #require(served.results.first { $0.subject == .spikesLow }?.estimate)
    #expect(abs(spikes - 0.8) < 0.03, "\(served)")
  }

  @Test func `a seed gives the same report every time`() throws {
    let models = Self.models()
    let first = try Self.rehearse(models, seed: 9)
    #expect(try Self.rehearse(models, seed: 9) == first)
    #expect(try Self.rehearse(models, seed: 10).decisions != first.decisions)
  }
}
