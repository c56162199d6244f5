import Federation
import FleetCore
import FleetProtocol
import Foundation
import GRDB

/// Carries agent changes into an open transaction, exactly as `AgentState.apply` does in memory.
struct AgentWriter {
  let db: Database
  let outboxBytesMax: Int

  func apply(_ change: AgentChange) throws {
    switch change {
    case .runBegan(let boot): try OutboxWriter(db: db, bytesMax: outboxBytesMax).begin(boot)
    case .runEnded: try db.change("UPDATE agent SET running = NULL", [])
    case .desiredAccepted(let model):
      try fill("accepted", with: model)
      try db.change("DELETE FROM observed", [])
    case .probing(let model, let starts):
      try fill("active", with: model)
      try setProbeStarts(starts)
    case .activated(let model):
      try fill("active", with: model)
      try setProbeStarts(nil)
      try moveFloor(of: model)
    case .reverted(let model):
      try fill("active", with: model)
      try setProbeStarts(nil)
      try keepPrevious(nil)
    case .previousKept(let model): try keepPrevious(model)
    case .observed(let report): try observe(report)
    case .offerAccepted(let training): try promise(training)
    case .trained(let key, let result, let nextOrdinal):
      try finish(key, result)
      try db.change("UPDATE agent SET training_ordinal = ?", [nextOrdinal.stored])
    case .roundClosed(let key):
      try db.change(
        "DELETE FROM training WHERE job = ? AND round = ? AND attempt = ?",
        [key.job.text, Int64(key.round), Int64(key.attempt)])
    case .residualKept(let job, let digest):
      try keep(digest, of: job, in: "residual", countMax: JobResidual.countMax)
    case .localLayersKept(let job, let digest):
      try keep(digest, of: job, in: "local_layers", countMax: JobLocalLayers.countMax)
    case .windowQueued(let boot, let window):
      try OutboxWriter(db: db, bytesMax: outboxBytesMax).queue(window, boot: boot)
    case .windowsAcknowledged(let boot, let through):
      try OutboxWriter(db: db, bytesMax: outboxBytesMax).acknowledge(boot, through: through)
    case .epochSeen(let epoch):
      try db.change("UPDATE agent SET epoch = ?", [epoch.stored])
    case .rootAccepted(let record, let forgetsTime):
      try db.change(
        "UPDATE trust SET root_version = ?, root = ?",
        [record.version.stored, Data(record.envelope)])
      if forgetsTime {
        try db.change(
          "UPDATE trust SET latest_us = 0, issued_us = 0, snapshot_epoch = 0, snapshot_number = 0",
          [])
      }
    case .timestampSeen(let time): try see(time)
    case .learnt(let model, let learnt):
      try db.change(
        """
        UPDATE model_slot SET learnt = ?, learnt_samples = ? WHERE slot = (
          SELECT slot FROM model_slot WHERE model = ? AND slot IN ('active', 'previous')
          ORDER BY slot LIMIT 1)
        """, [learnt?.digest.stored, (learnt?.samples ?? 0).stored, model.stored])
    case .energyLimited(let limit):
      try db.change("UPDATE agent SET energy_limit = ?", [limit?.stored])
    case .energyUsed(let day):
      try db.change(
        "UPDATE agent SET energy_day = ?, energy_used = ?", [day.day, day.nanojoules.stored])
    case .noticed(let notice): try note(notice)
    case .noticesAcknowledged(let through): try forgetNotices(through)
    }
  }

  private func see(_ time: SignedTime) throws {
    try db.change(
      """
      UPDATE trust SET latest_us = ?, issued_us = ?, snapshot_epoch = ?, snapshot_number = ?,
        heard_at_us = ?
      """,
      [
        time.latest.microseconds, time.issued.microseconds, time.snapshot.epoch.stored,
        time.snapshot.number.stored, time.heardAt.microseconds,
      ])
  }

  private func setProbeStarts(_ starts: UInt32?) throws {
    try db.change("UPDATE agent SET probe_starts = ?", [starts.map { Int64($0) }])
  }

  private func keepPrevious(_ model: AcceptedModel?) throws {
    if let model { return try fill("previous", with: model) }
    try db.change("DELETE FROM model_slot WHERE slot = 'previous'", [])
    try db.change("DELETE FROM stand_in WHERE slot = 'previous'", [])
  }

  private func fill(_ slot: String, with model: AcceptedModel) throws {
    try db.change(
      """
      INSERT OR REPLACE INTO model_slot (slot, generation_epoch, generation_number, name,
        release_counter, model, manifest, base_manifest, is_rollback, is_trial,
        shadow_per_mille, probe_inferences, is_staged, learns, carries, learnt, learnt_samples)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        slot, model.generation.epoch.stored, model.generation.number.stored, model.name.text,
        model.releaseCounter.stored, model.model.stored, Data(model.manifest),
        Data(model.baseManifest), model.isRollback ? 1 : 0, model.isTrial ? 1 : 0,
        Int64(model.serving.shadowPerMille), Int64(model.serving.probeInferences),
        model.serving.isStaged ? 1 : 0, model.serving.learns ? 1 : 0,
        model.serving.carriesLearning ? 1 : 0, model.learnt?.digest.stored,
        (model.learnt?.samples ?? 0).stored,
      ])
    try db.change("DELETE FROM stand_in WHERE slot = ?", [slot])
    for (position, standIn) in model.standIns.enumerated() {
      try db.change(
        "INSERT INTO stand_in (slot, position, model, manifest) VALUES (?, ?, ?, ?)",
        [slot, Int64(position), standIn.model.stored, Data(standIn.manifest)])
    }
  }

  private func note(_ notice: NodeNotice) throws {
    try db.change(
      """
      INSERT INTO notice (sequence, at_us, kind, code, document, detail)
      VALUES (?, ?, ?, ?, ?, ?)
      """,
      [
        notice.sequence.stored, notice.at.microseconds, notice.kind.rawValue, notice.code.stored,
        notice.document.stored, notice.detail.stored,
      ])
    try db.change(
      """
      DELETE FROM notice WHERE id NOT IN (SELECT id FROM notice ORDER BY id DESC LIMIT ?)
      """, [Limits.noticesMax])
    try db.change("UPDATE trust SET last_notice = ?", [notice.sequence.stored])
  }

  /// The comparison is made here: SQLite's integers are signed and the number is not.
  private func forgetNotices(_ through: UInt64) throws {
    for found in try Row.fetchAll(db, sql: "SELECT id, sequence FROM notice") {
      let row = StoredRow(found, of: "notice")
      guard try row.bits("sequence") <= through else { continue }
      try db.change("DELETE FROM notice WHERE id = ?", [try row.integer("id")])
    }
  }

  /// The comparison is made here: SQLite's integers are signed and the counter is not.
  private func moveFloor(of model: AcceptedModel) throws {
    let found = try Row.fetchOne(
      db, sql: "SELECT release_counter FROM release_floor WHERE name = ?",
      arguments: [model.name.text])
    let before = try found.map { try StoredRow($0, of: "release_floor").bits("release_counter") }
    guard let floor = model.floor(before: before) else { return }
    try db.change(
      "INSERT OR REPLACE INTO release_floor (name, release_counter) VALUES (?, ?)",
      [model.name.text, floor.stored])
  }

  private func observe(_ report: ObservedModel) throws {
    try db.change(
      """
      INSERT OR REPLACE INTO observed (id, observed_epoch, observed_number, observed_phase,
        observed_model, observed_code, observed_detail) VALUES (1, ?, ?, ?, ?, ?, ?)
      """,
      [
        report.generation.epoch.stored, report.generation.number.stored, report.phase.rawValue,
        report.model.stored, report.code.stored, report.detail.stored,
      ])
  }

  private func promise(_ training: TrainingRecord) throws {
    guard training.result == nil else {
      throw Refusal("a promise to train cannot come with a result")
    }
    // The same offer again is free until there is a result; then the schema refuses the update.
    try db.change(
      """
      INSERT INTO training (job, round, attempt, base, manifest, base_manifest, samples, seed,
        compression, terms, local_layers)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (job, round, attempt) DO UPDATE SET base = excluded.base,
        manifest = excluded.manifest, base_manifest = excluded.base_manifest,
        samples = excluded.samples, seed = excluded.seed, compression = excluded.compression,
        terms = excluded.terms, local_layers = excluded.local_layers
      """,
      [
        training.key.job.text, Int64(training.key.round), Int64(training.key.attempt),
        training.base.stored, Data(training.manifest), Data(training.baseManifest),
        Int64(training.samples), training.seed.stored, training.compression.description,
        training.terms == .none ? "" : try FleetWriter.json(training.terms),
        try JSONEncoder().encode(training.localLayers),
      ])
  }

  private func keep(
    _ digest: ContentDigest?, of job: Identifier, in table: String, countMax: Int
  ) throws {
    try db.change("DELETE FROM \(table) WHERE job = ?", [job.text])
    guard let digest else { return }
    try db.change(
      "INSERT INTO \(table) (job, digest) VALUES (?, ?)", [job.text, digest.stored])
    try db.change(
      """
      DELETE FROM \(table) WHERE rowid NOT IN
        (SELECT rowid FROM \(table) ORDER BY rowid DESC LIMIT ?)
      """, [countMax])
  }

  private func finish(_ key: RoundKey, _ result: TrainingResult) throws {
    try db.changeOne(
      """
      UPDATE training SET digest = ?, size = ?, trained_samples = ?, correct = ?, counts = ?,
        milliseconds = ?, residual_accepted = ?, residual_unused = ?, loss_millionths = ?,
        local_learnt = ?
      WHERE job = ? AND round = ? AND attempt = ?
      """,
      [
        result.digest.stored, result.size.stored, Int64(result.samples), Int64(result.correct),
        PackedCounts.pack(result.counts), Int64(result.milliseconds),
        result.residual?.accepted.stored, result.residual?.unused.stored,
        Int64(result.lossMillionths), result.localLayers?.stored, key.job.text,
        Int64(key.round), Int64(key.attempt),
      ], otherwise: "no promise to train \(key)")
  }
}
