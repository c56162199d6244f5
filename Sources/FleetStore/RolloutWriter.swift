import FleetCore
import FleetProtocol
import Foundation
import GRDB

/// Carries changes about rollouts into an open transaction.
struct RolloutWriter {
  let db: Database

  func apply(_ change: FleetChange) throws {
    switch change {
    case .rolloutCreated(let rollout): try create(rollout)
    case .rolloutMoved(let id, let progress):
      try db.changeOne(
        "UPDATE rollout SET state = ?, progress = ? WHERE id = ?",
        [progress.state.rawValue, try FleetWriter.json(progress), id.text],
        otherwise: "unknown rollout \(id)")
    case .rolloutMember(let id, let node, let member): try put(member, node, id)
    case .rolloutDecided(let id, let decision):
      try db.change(
        """
        INSERT INTO rollout_decision (rollout, number, at_us, verdict, decision)
        VALUES (?, ?, ?, ?, ?)
        """,
        [
          id.text, Int64(decision.number), decision.at.microseconds, decision.verdict.rawValue,
          try FleetWriter.json(decision),
        ])
    default: throw Refusal("\(change) is not about a rollout")
    }
  }

  private func create(_ rollout: RolloutRecord) throws {
    try db.change(
      """
      INSERT INTO rollout (id, specification, model, wave_count, state, progress, created_at_us)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        rollout.id.text, try FleetWriter.json(rollout.specification), rollout.model.stored,
        Int64(rollout.waveCount), rollout.progress.state.rawValue,
        try FleetWriter.json(rollout.progress), rollout.createdAt.microseconds,
      ])
    for (node, member) in rollout.members.sorted(by: { $0.key < $1.key }) {
      try put(member, node, rollout.id)
    }
  }

  private func put(_ member: RolloutMember, _ node: Identifier, _ id: Identifier) throws {
    try db.change(
      """
      INSERT OR REPLACE INTO rollout_member (rollout, node, step, member) VALUES (?, ?, ?, ?)
      """, [id.text, node.text, member.step.rawValue, try FleetWriter.json(member)])
  }
}
