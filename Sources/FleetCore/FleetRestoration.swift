import FleetProtocol

/// What a state was restored from.
package struct RestoredCopy: Sendable, Equatable {
  /// When the backup was made.
  package var madeAt: Instant
  /// The epoch that agents obey from now on at the earliest.
  package var epoch: UInt64

  /// A copy with its facts.
  package init(madeAt: Instant, epoch: UInt64) {
    self.madeAt = madeAt
    self.epoch = epoch
  }

  /// An epoch above every one that an agent can have seen.
  ///
  /// A backup does not know how often the coordinator was started since. Every start raises the
  /// epoch by one and takes longer than a second, so that no count of starts reaches the seconds
  /// since 1970, and those of a later restore are more than those of an earlier one.
  package static func epoch(
    after known: [UInt64], at now: Instant
  ) -> UInt64 {
    max(known.max() ?? 0, UInt64(max(0, now.microseconds / 1_000_000)))
  }
}

extension FleetState {
  /// The code with which rounds end that were open in a restored state.
  package static let restoredCode = "restored"

  /// What has to change in a state that was restored, before anything follows from it.
  ///
  /// Nothing is run a second time: rounds and jobs that were under way end, and rollouts pause, for
  /// they may have come further since than this state knows.
  package func restored(from copy: RestoredCopy, at now: Instant) -> [FleetChange] {
    let seconds = max(0, now.milliseconds(since: copy.madeAt) / 1_000)
    let detail =
      "from a backup that was made \(seconds) s before, at epoch \(epoch); the next epoch is above "
      + "\(copy.epoch)"
    var changes: [FleetChange] = [
      .event(FleetEvent(at: now, kind: "coordinator.restored", subject: "", detail: detail))
    ]
    for key in rounds.keys.sorted() {
      guard let round = rounds[key] else { continue }
      let reason = "the coordinator was restored from a backup while it was \(round.state.name)"
      switch round.state {
      case .planned: changes.append(.roundCancelled(key))
      case .open, .sealed:
        changes.append(.roundFailed(key, code: Self.restoredCode, detail: reason))
      case .committed, .failed, .cancelled: continue
      }
      changes.append(
        .event(FleetEvent(key, "round.failed", "\(Self.restoredCode): \(reason)", at: now)))
    }
    for id in jobs.keys.sorted() {
      guard let job = jobs[id], job.state == .running else { continue }
      let reason =
        "\(Self.restoredCode): the job may have come further than the backup; start another one, "
        + "under a new name, from \(job.current.short) or a model that the nodes run"
      changes.append(.jobEnded(id, .failed, detail: reason))
      changes.append(
        .event(FleetEvent(at: now, kind: "job.failed", subject: id.text, detail: reason)))
    }
    for id in rollouts.keys.sorted() {
      guard let rollout = rollouts[id], rollout.progress.state == .running else { continue }
      var turn = RolloutTurn(rollout, fleet: self, sessions: [:], at: now)
      turn.pause(
        "the coordinator was restored from a backup, and the rollout may have come further; look "
          + "at its nodes, then resume or abort it")
      changes += turn.changes
    }
    return changes
  }
}
