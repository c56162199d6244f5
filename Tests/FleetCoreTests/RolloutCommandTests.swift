import FleetCore
import FleetProtocol
import RolloutGates
import Testing

/// What operators may ask of rollouts, and what is refused with which words.
@Suite struct RolloutCommandTests {
  private func refusal(_ response: CommandResponse?) -> String {
    guard case .refused(let code, _) = response else { return "not refused" }
    return code
  }

  @Test func `what means nothing is refused before anything happens`() {
    var bench = RolloutBench()
    func refused(_ change: (inout RolloutSpecification) -> Void) -> String {
      var specification = bench.specification
      change(&specification)
      var copy = bench
      return refusal(copy.command(.startRollout(specification)))
    }
    #expect(refused { $0.name = "Not A Name" } == "rollout-name")
    #expect(refused { $0.model = "none" } == "unknown-model")
    #expect(refused { $0.maxParallel = 0 } == "deployment")
    #expect(refused { $0.failuresMax = -1 } == "deployment")
    #expect(refused { $0.shadow = .init(perMille: 0) } == "deployment")
    #expect(refused { $0.shadow = .init(perMille: 10, waves: 0) } == "deployment")
    #expect(refused { $0.probeInferences = 2_000_000 } == "deployment")
    #expect(refused { $0.gateSeconds = 0 } == "deployment")
    #expect(refused { $0.stepSeconds = 3_000_000 } == "deployment")
    #expect(refused { $0.gates.accuracyDropMax = 1 } == "deployment")
    #expect(refused { $0.gates.joulesRatioMax = 0 } == "deployment")
    #expect(refused { $0.gates.errorRate = 0 } == "deployment")
    #expect(refused { $0.windows = [.init(openingMinute: 1_440, minutes: 5)] } == "deployment")
    #expect(refused { $0.windows = [.init(openingMinute: 0, minutes: 0)] } == "deployment")
    #expect(refused { $0.selector.labels = ["Not ok": "x"] } == "deployment")
    #expect(refused { $0.selector.labels = ["site": "moon"] } == "no-nodes")
    #expect(refused { $0.selector.nodes = ["node-77"] } == "unknown-node")
    #expect(refused { $0.model = bench.old.record.digest.hex } == "no-change")
    #expect(bench.core.state.rollouts.isEmpty)
    bench.command(.startRollout(bench.specification))
    #expect(refused { _ in } == "duplicate-rollout")
    #expect(refused { $0.name = "another" } == "rollout")
  }

  @Test func `nodes that a rollout holds are ordered by it alone`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    let deploy = Command.deploy(model: bench.new.record.digest, nodes: [])
    #expect(refusal(bench.command(deploy)) == "rollout")
    bench.command(.rollout("digits-4", .abort))
    bench.run(.pass)
    #expect(bench.state == .aborted)
    guard case .done = bench.command(deploy) else {
      Issue.record("the nodes are not free")
      return
    }
  }

  @Test func `a verb that does not fit the state is refused, one said twice is not`() {
    var bench = RolloutBench()
    #expect(refusal(bench.command(.rollout("digits-4", .pause))) == "unknown-rollout")
    bench.command(.startRollout(bench.specification))
    #expect(bench.command(.rollout("digits-4", .resume)) == .done("digits-4"))
    #expect(refusal(bench.command(.rollout("digits-4", .undo))) == "rollout-state")
    for _ in 0..<2 {
      #expect(bench.command(.rollout("digits-4", .pause)) == .done("digits-4"))
    }
    bench.command(.rollout("digits-4", .promote))
    bench.run(.pass)
    #expect(bench.state == .completed)
    #expect(refusal(bench.command(.rollout("digits-4", .abort))) == "rollout-state")
    #expect(refusal(bench.command(.rollout("digits-4", .promote))) == "rollout-state")
  }

  @Test func `the same plan comes out every time, and another name deals other nodes first`()
    throws
  {
    let bench = RolloutBench(nodes: 40)
    var specification = bench.specification
    specification.waves = [.nodes(1), .percent(25)]
    let plan = try bench.core.plan(specification, at: bench.now)
    #expect(try bench.core.plan(specification, at: bench.now) == plan)
    #expect((0..<3).map { plan.record.nodes(inWave: $0).count } == [1, 10, 29])
    var canaries: Set<Identifier> = []
    for number in 0..<20 {
      specification.name = "try-\(number)"
      canaries.formUnion(try bench.core.plan(specification, at: bench.now).record.nodes(inWave: 0))
    }
    #expect(canaries.count > 8)
  }

  @Test func `a selector takes nodes by name and by all its labels`() throws {
    var bench = RolloutBench()
    for node in bench.nodes.prefix(3) {
      bench.command(.node(node.text, .label(set: ["site": "lab"], remove: [])))
    }
    bench.command(.node("node-0", .label(set: ["tier": "test"], remove: [])))
    bench.command(.node("node-1", .cordon))
    var specification = bench.specification
    specification.selector.labels = ["site": "lab"]
    let plan = try bench.core.plan(specification, at: bench.now)
    #expect(plan.record.members.keys.sorted().map(\.text) == ["node-0", "node-2"])
    #expect(plan.omitted.map(\.node.text) == ["node-1"])
    #expect(plan.omitted.first?.reason == .duty)
    specification.selector.labels["tier"] = "test"
    let both = try bench.core.plan(specification, at: bench.now)
    #expect(both.record.members.keys.map(\.text) == ["node-0"])
  }

  @Test func `a window opens on its days, and past midnight`() {
    // Thursday, the first of January 1970, and the days after it.
    func at(_ day: Int64, _ minute: Int64) -> Instant {
      Instant(microseconds: (day * 1_440 + minute) * 60_000_000)
    }
    let window = MaintenanceWindow(weekdays: [4], openingMinute: 1_380, minutes: 120)
    #expect(!window.isOpen(at: at(0, 1_379)))
    #expect(window.isOpen(at: at(0, 1_380)))
    #expect(window.isOpen(at: at(1, 59)))
    #expect(!window.isOpen(at: at(1, 60)))
    #expect(!window.isOpen(at: at(1, 1_400)))
    #expect(window.isOpen(at: at(7, 1_400)))
    let daily = MaintenanceWindow(openingMinute: 0, minutes: 1_440)
    #expect(daily.isOpen(at: at(3, 0)) && daily.isOpen(at: at(-3, 700)))
  }

  @Test func `every step and state that is not an end has a way on`() {
    for step in NodeStep.allCases where step.isUnderWay {
      #expect(step.next.contains(.timedOut), "\(step) cannot time out")
      #expect(step.next.contains(.cancelled), "\(step) cannot be cancelled")
    }
    for state in RolloutState.allCases where state.holdsNodes {
      #expect(!state.next.isEmpty)
    }
    #expect(RolloutState.failed.next.isEmpty)
  }
}
