import RolloutGates

/// What a gate finds, and what follows from it.
extension RolloutTurn {
  /// Gives the gate its time, from now on.
  mutating func openGate(after seconds: UInt32) {
    let longest = Int64(specification.gateSeconds) + Int64(seconds)
    let latest = now.advanced(milliseconds: longest * 1_000)
    if let deadline = progress.gateDeadline, deadline <= latest { return }
    record.progress.gateDeadline = latest
    changes.append(.rolloutMoved(record.id, progress))
  }

  mutating func look() {
    guard let deadline = progress.gateDeadline, now >= deadline else {
      wantsLook = true
      return
    }
    let detail = "no finding within \(specification.gateSeconds) s"
    switch specification.onInsufficient {
    case .promote:
      decide(.insufficient, detail + "; goes on, as the deployment says", nil)
      goOn()
    case .pause:
      decide(.insufficient, detail + "; an operator decides", nil)
      pause(detail + "; `rollout promote` or `rollout abort`")
    case .revert:
      decide(.insufficient, detail + "; taken back, as the deployment says", nil)
      stop(.gate, detail)
    }
  }

  /// True where the wave may pass its gate: nobody is on the way, and it has baked.
  var isReady: Bool {
    switch progress.stage {
    case .serving: false
    case .shadowing: progress.gateDeadline != nil
    case .baking:
      now.milliseconds(since: progress.stageSince) >= Int64(specification.bakeSeconds) * 1_000
    }
  }

  /// Takes what the gates found.
  mutating func judge(_ assessment: GateAssessment) {
    switch assessment.finding {
    case .breach:
      let broken = assessment.results.filter { $0.finding == .breach }
      let detail = broken.map(\.sentence).joined(separator: "; ")
      decide(.stopped, detail, assessment)
      stop(.gate, detail)
    case .pass where isReady:
      decide(.passed, "every bound is kept", assessment)
      goOn(waits: progress.stage == .baking && !specification.autoPromote)
    case .insufficient where isReady && progress.stage == .baking && progress.shadowPassed:
      // Both models on the same inputs said more than before and after ever could; what is left
      // to find is what only serving shows.
      decide(.passed, "no bound is broken after a shadow that passed", assessment)
      goOn(waits: !specification.autoPromote)
    case .pass, .insufficient: break
    }
  }

  /// An operator lets the wave pass.
  mutating func promote(by actor: String) {
    record.progress.forgiven = max(0, record.failures - specification.failuresMax)
    decide(.promoted, "by \(actor)", nil)
    if progress.state == .paused { resume() }
    guard progress.stage == .serving else { return goOn() }
    // Nobody looks yet: the wave still has to serve.
    record.progress.waivesGate = true
    changes.append(.rolloutMoved(record.id, progress))
  }

  mutating func goOn(waits: Bool = false) {
    switch progress.stage {
    case .shadowing, .serving: return enter(progress.stage == .shadowing ? .serving : .baking)
    case .baking: break
    }
    if progress.wave + 1 >= record.waveCount {
      complete()
    } else if waits {
      pause("wave \(progress.wave + 1) passed; `rollout promote` begins the next one")
    } else {
      enter(wave: progress.wave + 1)
    }
  }

  mutating func decide(
    _ verdict: RolloutDecision.Verdict, _ detail: String, _ assessment: GateAssessment?
  ) {
    record.progress.decisions += 1
    // Only evidence counts, and only that of the last shadow.
    if progress.stage == .shadowing { record.progress.shadowPassed = verdict == .passed }
    let decision = RolloutDecision(
      number: progress.decisions, at: now, wave: progress.wave, stage: progress.stage,
      verdict: verdict, detail: detail, assessment: assessment)
    changes.append(.rolloutDecided(record.id, decision))
    changes.append(.rolloutMoved(record.id, progress))
    event(
      "rollout.\(verdict.rawValue)", "wave \(progress.wave + 1), \(progress.stage): \(detail)")
  }
}
