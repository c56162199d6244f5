import FleetCore
import FleetSimulation
import Testing

/// Bugs put between the cores and the world on purpose: the simulation has to find each of them.
@Suite struct InjectedBugTests {
  /// The first seed that finds the bug, and the rule that it breaks.
  private func find(
    _ bug: (inout Tampering) -> Void
  ) async -> (seed: UInt64, rule: String)? {
    var options = ChaosOptions()
    bug(&options.tampering)
    for seed in UInt64(1)...200 {
      // A seed takes a while, and tests that wait for sockets share these threads.
      await Task.yield()
      let report = ChaosRun(seed: seed, options: options).run()
      if let rule = report.violations.first { return (seed, rule) }
    }
    return nil
  }

  private func expect(
    _ found: (seed: UInt64, rule: String)?, _ words: String..., bug: String
  ) {
    print("\(bug): found at seed \(found?.seed ?? 0): \(found?.rule ?? "no")")
    let isNamed = words.contains { found?.rule.contains($0) ?? false }
    #expect(isNamed, "\(bug): \(found?.rule ?? "not found")")
  }

  @Test func `a coordinator that acknowledges before it commits is found`() async {
    let found = await find { tampering in
      tampering.coordinatorDirectives = { directives in
        directives.filter(\.isAnswer) + directives.filter { !$0.isAnswer }
      }
    }
    expect(found, "not on the disk", bug: "acknowledge before commit, coordinator")
  }

  @Test func `an agent that acknowledges before it commits is found`() async {
    let found = await find { tampering in
      tampering.agentDirectives = { directives in
        directives.filter(\.isAnswer) + directives.filter { !$0.isAnswer }
      }
    }
    expect(found, "stored", bug: "acknowledge before commit, agent")
  }

  @Test func `a command that is asked again under another key is found`() async {
    let found = await find { $0.requestID = { id, attempt in "\(id)#\(attempt)" } }
    // The second time changes something, or is refused for what the first one made.
    expect(found, "acted 2 times", "two answers", bug: "retry without key")
  }

  @Test func `an agent that forgets which release it ran is found`() async {
    let found = await find { $0.agentLoads = { $0.releaseFloors = [:] } }
    expect(found, "runs release", bug: "forget the counter")
  }

  @Test func `a range of telemetry that counts twice is found`() async {
    let found = await find { tampering in
      tampering.coordinatorLoads = { state in
        for node in state.nodes.keys { state.nodes[node]?.boots = [] }
      }
    }
    expect(found, "counted twice", bug: "double-count a telemetry range")
  }
}

extension CoordinatorDirective {
  /// Something that a peer or the operator will rely on.
  fileprivate var isAnswer: Bool {
    switch self {
    case .send, .answer: true
    default: false
    }
  }
}

extension AgentDirective {
  fileprivate var isAnswer: Bool {
    if case .send = self { true } else { false }
  }
}
