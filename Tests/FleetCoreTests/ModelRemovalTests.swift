import FleetCore
import FleetProtocol
import RolloutGates
import Testing

/// What keeps a model on the coordinator.
@Suite struct ModelRemovalTests {
  private func refusal(_ response: CommandResponse?) -> String? {
    guard case .refused("model-needed", let detail) = response else { return nil }
    return detail
  }

  /// A bench with one model more, of the same prices.
  private func bench() -> (bench: CoordinatorBench, other: ModelRecord) {
    var bench = CoordinatorBench()
    let other = FixtureModel.published("other", seed: 5).record
    bench.command(.addModel(other))
    return (bench, other)
  }

  @Test func `a model that nothing needs goes, and may be pushed again`() {
    var (bench, other) = bench()
    #expect(bench.command(.removeModel(other.digest)) == .done(other.digest.hex))
    #expect(bench.core.state.models[other.digest] == nil)
    #expect(!bench.core.state.neededBlobs.contains(other.digest))
    guard case .refused("unknown-model", _) = bench.command(.removeModel(other.digest)) else {
      Issue.record("removed twice")
      return
    }
    #expect(bench.command(.addModel(other)) == .done(other.digest.hex))
  }

  @Test func `a model that a node is to run or runs is needed`() {
    var (bench, other) = bench()
    let node = CoordinatorBench.nodes[0]
    bench.hello(node)
    bench.command(.deploy(model: other.digest, nodes: [node.text]))
    #expect(refusal(bench.command(.removeModel(other.digest)))?.contains("'node-a'") == true)
    var observed = WireObservedState()
    (observed.generation, observed.state) = (Generation(epoch: 1, number: 1).wire, .active)
    observed.modelDigest = wireBytes(other.digest.bytes)
    bench.receive(.observedState(observed), from: node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    #expect(refusal(bench.command(.removeModel(other.digest)))?.contains("active") == true)
    observed.generation = Generation(epoch: 1, number: 2).wire
    observed.modelDigest = wireBytes(bench.model.record.digest.bytes)
    bench.receive(.observedState(observed), from: node)
    #expect(bench.command(.removeModel(other.digest)) == .done(other.digest.hex))
  }

  @Test func `a running job and a successor need their base`() {
    var (bench, _) = bench()
    let base = bench.model.record.digest
    bench.startJob(bench.specification(rounds: 1))
    #expect(refusal(bench.command(.removeModel(base)))?.contains("job 'digits-job'") == true)
    for node in CoordinatorBench.nodes { bench.report(node, bench.key()) }
    let grown = bench.successor(7)
    bench.handle(.aggregated(bench.key(), .made(grown, accuracy: 90)))
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .finished)
    #expect(refusal(bench.command(.removeModel(base)))?.contains("grew from it") == true)
    #expect(bench.command(.removeModel(grown.digest)) == .done(grown.digest.hex))
    #expect(bench.command(.removeModel(base)) == .done(base.hex))
  }

  @Test func `the last model with its prices stays`() {
    var (bench, other) = bench()
    bench.command(.removeModel(other.digest))
    #expect(
      refusal(bench.command(.removeModel(bench.model.record.digest)))?.contains("prices") == true)
  }

  @Test func `a rollout needs its model, and the one that it may bring back`() {
    var bench = RolloutBench()
    let (old, new) = (bench.old.record.digest, bench.new.record.digest)
    bench.command(.startRollout(bench.specification))
    #expect(refusal(bench.command(.removeModel(new)))?.contains("brings it") == true)
    bench.run(.pass)
    #expect(bench.state == .completed)
    #expect(refusal(bench.command(.removeModel(old)))?.contains("rollout undo digits-4") == true)
    bench.command(.deploy(model: old, nodes: [], terms: DeploymentTerms(allowRollback: true)))
    bench.obey()
    #expect(bench.command(.removeModel(new)) == .done(new.hex))
  }
}
