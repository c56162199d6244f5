import FleetCore
import FleetProtocol
import RolloutGates
import Testing

/// Whom a rollout holds, who said what to it, and when it has nothing more to do.
@Suite struct RolloutDutyTests {
  @Test func `a decision that an operator takes names who it was`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.pass(seconds: 10)
    bench.handle(.command(.rollout("digits-4", .promote), requestID: "mine", actor: "token ann"))
    #expect(bench.decisions.last?.verdict == .promoted)
    #expect(bench.decisions.last?.detail == "by token ann")
    bench.handle(.command(.rollout("digits-4", .abort), requestID: "also", actor: "token bob"))
    #expect(bench.record?.progress.reason == "by token bob")
  }

  @Test func `what a node has learnt is not reset while a rollout holds the node`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.pass(seconds: 10)
    let canary = bench.wave(0)[0]
    guard case .refused("rollout", _) = bench.command(.node(canary.text, .resetLearning)) else {
      Issue.record("the reset took the node's part away")
      return
    }
    #expect(bench.record?.members[canary]?.step == .active)
    bench.run(.pass)
    #expect(bench.state == .completed)
    #expect(bench.command(.node(canary.text, .resetLearning)) == .done(canary.text))
  }

  @Test func `a completed rollout gives up a node that was sent as often as it may be`() {
    var bench = RolloutBench()
    let absent = bench.completeWithoutOne()
    #expect(bench.record?.isLive == true)
    bench.pass(seconds: 2_000)
    #expect(bench.record?.members[absent]?.tries == RolloutMember.triesMax)
    #expect(bench.record?.members[absent]?.step == .timedOut)
    #expect(bench.record?.isLive == false)
  }

  /// Seconds that the clock is set before the newer one starts.
  @Test(arguments: [Int64(0), -1_800])
  func `who comes late follows the newest rollout, whichever else still waits for it`(
    clock: Int64
  ) {
    var bench = RolloutBench()
    let absent = bench.completeWithoutOne()
    bench.command(.node(absent.text, .cordon))
    bench.now = bench.now.advanced(milliseconds: 1_000 * clock)
    let third = bench.completeNewer()
    bench.conduct[absent] = .obeys
    bench.command(.node(absent.text, .uncordon))
    bench.pass(seconds: 60)
    #expect(bench.desired(absent) == third)
    #expect(bench.record?.members[absent]?.step == .cancelled)
  }

  @Test func `what an older rollout gives back is no reason to stay behind`() {
    var bench = RolloutBench()
    let late = bench.nodes[5]
    bench.command(.node(late.text, .cordon))
    bench.command(.startRollout(bench.specification))
    bench.run(.pass)
    // Joins the rollout that is complete, does not answer, and takes no work any more.
    bench.conduct[late] = .silent
    bench.command(.node(late.text, .uncordon))
    bench.pass(seconds: 2)
    #expect(bench.record?.members[late]?.step == .downloading)
    bench.command(.node(late.text, .cordon))
    let third = bench.completeNewer()
    bench.pass(seconds: 40)
    #expect(bench.desired(late) == bench.old.record.digest, "it was given back")
    bench.conduct[late] = .obeys
    bench.command(.node(late.text, .uncordon))
    bench.pass(seconds: 60)
    #expect(bench.desired(late) == third)
  }

  @Test func `a node that an operator has ordered something else stays with it`() {
    var bench = RolloutBench()
    let absent = bench.completeWithoutOne()
    bench.command(.deploy(model: bench.old.record.digest, nodes: [absent.text]))
    bench.conduct[absent] = .obeys
    bench.pass(seconds: 60)
    #expect(bench.desired(absent) == bench.old.record.digest)
  }

  /// An agent of version 1 does not read that a model is only to be brought, or to run beside
  /// another: it would serve it.
  @Test func `an agent too old to wait with a model, or to run it beside another, is not asked to`()
  {
    var bench = RolloutBench()
    let canary: Identifier
    do {
      var copy = bench
      copy.command(.startRollout(copy.specification))
      canary = copy.wave(0)[0]
    }
    bench.hello(canary, versionMax: 1)
    var specification = bench.specification
    specification.shadow = .init(perMille: 500)
    let minute = Int(bench.now.microseconds / 60_000_000) % 1_440
    specification.windows = [MaintenanceWindow(openingMinute: (minute + 5) % 1_440, minutes: 60)]
    bench.command(.startRollout(specification))
    bench.pass(seconds: 60)
    #expect(bench.record?.members[canary]?.step == .pending)
    #expect(bench.desired(canary) == bench.old.record.digest)
    for _ in 0..<400 where bench.record?.members[canary]?.step != .active {
      bench.pass(seconds: 1)
      #expect(bench.record?.members[canary]?.step != .staged)
      #expect(bench.record?.members[canary]?.step != .shadowing)
      bench.answer(.insufficient)
    }
    #expect(bench.record?.members[canary]?.step == .active)
  }
}
