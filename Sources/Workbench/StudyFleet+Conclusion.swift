import CompiledModel
import FleetCore
import FleetProtocol
import Foundation

/// What a round leaves for the next one.
extension StudyFleet {
  /// The progress after the round, or with why the job has failed in it.
  func concluded(_ progress: StudyProgress, pooled: StudyPool?) -> StudyProgress {
    var next = progress
    next.at = now
    for (index, node) in nodes.enumerated() {
      next.nodes[index].ordinal = node.core.state.trainingOrdinal
      next.nodes[index].residual = node.core.state.residuals.first?.digest
      next.nodes[index].localLayers = node.core.state.localLayers.first?.digest
      next.nodes[index].held = node.held.sorted()
    }
    for outcome in tally.outcomes {
      let node = outcome.task.node
      next.nodes[node].samples += UInt64(outcome.result.samples)
      next.nodes[node].correct += UInt64(outcome.result.correct)
      next.nodes[node].nanojoules += outcome.inferenceNanojoules + outcome.learningNanojoules
    }
    guard let committed, let record = core.state.rounds[committed.key] else {
      next.end = .failed(failure ?? "the job has ended")
      return next
    }
    let places = Dictionary(uniqueKeysWithValues: zip(setup.nodes, setup.nodes.indices))
    for participant in record.participants {
      guard let index = places[participant.node] else { continue }
      note(participant, &next.nodes[index], leftOut: committed.result.leftOut)
    }
    next.rounds.append(row(record, committed.key, committed.result, pooled: pooled))
    if let job = core.state.jobs[setup.name] {
      next.serverState = job.serverState
      next.bestAccuracy = job.bestAccuracy
    }
    if let model = committed.model {
      next.model = model.digest
      next.manifest = Data(model.manifest)
    }
    if committed.key.round >= setup.job.rounds { next.end = .finished }
    return next
  }

  private func note(
    _ participant: Participant, _ node: inout StudyNode, leftOut: [Identifier]
  ) {
    switch participant.state {
    case .reported(let update):
      node.reports += 1
      node.updateBytes += update.size
      if leftOut.contains(participant.node) { node.leftOut += 1 }
    case .refused: node.refused += 1
    case .late, .pending: node.late += 1
    }
  }

  private func row(
    _ record: RoundRecord, _ key: RoundKey, _ result: RoundResult, pooled: StudyPool?
  ) -> StudyRound {
    let reports = record.reported
    let found = evaluated
    return StudyRound(
      round: key.round, attempts: key.attempt, accuracy: result.accuracy ?? 0,
      isAccepted: result.accepted, reports: reports.count,
      late: record.participants.count { $0.state == .late },
      refused: record.participants.count {
        if case .refused = $0.state { true } else { false }
      }, leftOut: result.leftOut.count,
      samples: tally.outcomes.reduce(0) { $0 + UInt64($1.result.samples) },
      correct: tally.outcomes.reduce(0) { $0 + UInt64($1.result.correct) },
      inferenceNanojoules: tally.outcomes.reduce(0) { $0 + $1.inferenceNanojoules },
      learningNanojoules: tally.outcomes.reduce(0) { $0 + $1.learningNanojoules },
      bytesUp: tally.bytesUp, bytesDown: tally.bytesDown,
      updateBytes: reports.reduce(0) { $0 + $1.update.size },
      milliseconds: now.milliseconds(since: startedAt),
      nanojoulesPerInference: found.map {
        setup.model.prices.nanojoules(of: $0.counts) / UInt64(max(1, $0.samples))
      } ?? 0, model: result.model, pooled: pooled)
  }
}
