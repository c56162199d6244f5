import FleetCore
import FleetProtocol
import Testing

/// Budgets as an operator sets them, and what a rollout makes of them.
@Suite struct BudgetTests {
  private static func budget(_ joules: Double, _ selector: NodeSelector = NodeSelector())
    -> EnergyBudget
  {
    EnergyBudget(name: "night", selector: selector, joulesPerDay: joules)
  }

  @Test func `a budget reaches each node with its next heartbeat, and leaves it again`() {
    var bench = RolloutBench(nodes: 2)
    bench.command(.setBudget(Self.budget(2, NodeSelector(nodes: ["node-0"]))))
    #expect(bench.beat(bench.nodes[0])?.energyNanojoules == 2_000_000_000)
    #expect(bench.beat(bench.nodes[1])?.energyNanojoules == 0)
    bench.command(.removeBudget("night"))
    #expect(bench.beat(bench.nodes[0])?.energyNanojoules == 0)
  }

  @Test func `what means nothing is refused by name`() {
    var bench = RolloutBench(nodes: 1)
    #expect(bench.refusal(.setBudget(Self.budget(0))) == "joules")
    #expect(bench.refusal(.setBudget(Self.budget(.nan))) == "joules")
    #expect(
      bench.refusal(.setBudget(Self.budget(1, NodeSelector(nodes: ["nobody"])))) == "unknown-node")
    #expect(
      bench.refusal(.setBudget(Self.budget(1, NodeSelector(labels: ["A b": ""])))) == "selector")
    #expect(
      bench.refusal(.setBudget(EnergyBudget(name: "No Name", joulesPerDay: 1))) == "budget-name")
    #expect(bench.refusal(.removeBudget("night")) == "unknown-budget")
  }

  @Test func `a rollout that would take more than a node may use is refused or limited`() {
    var bench = RolloutBench(nodes: 2)
    // 10 nJ an inference at 50 a second: 43.2 mJ a day.
    var costly = bench.new.record
    costly.nanojoulesPerInference = 10
    var cheap = FixtureModel.published("digits-small", counter: 1, size: 900, seed: 7).record
    cheap.nanojoulesPerInference = 1
    bench.core = CoordinatorCore(
      state: {
        var state = bench.core.state
        state.apply([.modelAdded(costly), .modelAdded(cheap)])
        for node in bench.nodes {
          var terms = state.nodes[node]?.terms ?? NodeTerms()
          terms.inferencesPerSecond = 50
          state.apply(.nodeTerms(node, terms))
        }
        return state
      }(), settings: CoordinatorSettings())
    bench.mirror = FleetMirror(state: bench.core.state)
    bench.command(.setBudget(Self.budget(0.02, NodeSelector(nodes: ["node-1"]))))
    var rollout = RolloutSpecification(name: "digits-4", model: costly.digest.hex)
    #expect(bench.refusal(.startRollout(rollout)) == "energy")
    rollout.standIns = [cheap.digest.hex]
    #expect(throws: Never.self) { try bench.core.plan(rollout, at: bench.now) }
    #expect((try? bench.core.plan(rollout, at: bench.now))?.omitted == [])
    rollout.standIns = []
    rollout.overBudget = .limit
    #expect((try? bench.core.plan(rollout, at: bench.now))?.omitted == [])
  }

  @Test func `stand-ins must be stored, published and others than the model`() {
    var bench = RolloutBench(nodes: 1)
    func deploy(_ standIns: [ContentDigest]) -> Command {
      .deploy(
        model: bench.new.record.digest, nodes: [], terms: DeploymentTerms(standIns: standIns))
    }
    #expect(bench.refusal(deploy([FleetFixture.digest([1])])) == "unknown-model")
    #expect(bench.refusal(deploy([bench.new.record.digest])) == "stand-in")
    #expect(bench.refusal(deploy([bench.old.record.digest])) == nil)
    let order = bench.orders[bench.nodes[0]]
    #expect(order?.standIns.map(\.digest) == [bench.old.record.digest])
  }
}
