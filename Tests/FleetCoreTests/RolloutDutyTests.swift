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
