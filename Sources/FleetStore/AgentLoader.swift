import Federation
import FleetCore
import FleetProtocol
import Foundation
import GRDB

/// Reads the whole agent state inside one transaction.
struct AgentLoader {
  let db: Database

  func state() throws -> AgentState {
    var state = AgentState()
    guard let found = try Row.fetchOne(db, sql: "SELECT * FROM agent WHERE id = 1") else {
      throw RowDamage(table: "agent", column: "id")
    }
    let row = StoredRow(found, of: "agent")
    state.epoch = try row.bits("epoch")
    state.trainingOrdinal = try row.bits("training_ordinal")
    state.accepted = try model(in: "accepted")
    state.active = try model(in: "active")
    state.previous = try model(in: "previous")
    if try !row.isNull("energy_limit") { state.energyLimit = try row.bits("energy_limit") }
    state.energyDay = EnergyDay(
      day: try row.integer("energy_day"), nanojoules: try row.bits("energy_used"))
    if try !row.isNull("probe_starts") { state.probeStarts = try row.number("probe_starts") }
    state.observed = try Row.fetchOne(db, sql: "SELECT * FROM observed WHERE id = 1")
      .map { try StoredRow($0, of: "observed").observed() }
    for found in try Row.fetchAll(db, sql: "SELECT * FROM release_floor") {
      let row = StoredRow(found, of: "release_floor")
      state.releaseFloors[try row.identifier("name")] = try row.bits("release_counter")
    }
    for found in try Row.fetchAll(db, sql: "SELECT * FROM training") {
      let training = try training(StoredRow(found, of: "training"))
      state.trainings[training.key] = training
    }
    for found in try Row.fetchAll(db, sql: "SELECT * FROM residual ORDER BY rowid") {
      let row = StoredRow(found, of: "residual")
      state.residuals.append(
        JobResidual(job: try row.identifier("job"), digest: try row.digest("digest")))
    }
    for found in try Row.fetchAll(db, sql: "SELECT * FROM local_layers ORDER BY rowid") {
      let row = StoredRow(found, of: "local_layers")
      state.localLayers.append(
        JobLocalLayers(job: try row.identifier("job"), digest: try row.digest("digest")))
    }
    try readTrust(into: &state)
    return state
  }

  private func readTrust(into state: inout AgentState) throws {
    guard let found = try Row.fetchOne(db, sql: "SELECT * FROM trust WHERE id = 1") else {
      throw RowDamage(table: "trust", column: "id")
    }
    let row = StoredRow(found, of: "trust")
    if try !row.isNull("root") {
      state.root = RootRecord(
        version: try row.bits("root_version"), envelope: try row.bytes("root"))
    }
    state.signedTime.latest = try row.instant("latest_us")
    state.signedTime.issued = try row.instant("issued_us")
    state.signedTime.snapshot = try row.generation("snapshot")
    state.signedTime.heardAt = try row.instant("heard_at_us")
    state.lastNotice = try row.bits("last_notice")
    for found in try Row.fetchAll(db, sql: "SELECT * FROM notice ORDER BY id") {
      let row = StoredRow(found, of: "notice")
      guard let kind = NoticeKind(rawValue: try row.word("kind")) else { throw row.damage("kind") }
      state.notices.append(
        NodeNotice(
          sequence: try row.bits("sequence"), at: try row.instant("at_us"), kind: kind,
          code: try row.text("code"), document: try row.text("document"),
          detail: try row.text("detail")))
    }
  }

  private func model(in slot: String) throws -> AcceptedModel? {
    let found = try Row.fetchOne(
      db, sql: "SELECT * FROM model_slot WHERE slot = ?", arguments: [slot])
    guard let found else { return nil }
    let row = StoredRow(found, of: "model_slot")
    return AcceptedModel(
      generation: try row.generation("generation"), name: try row.identifier("name"),
      releaseCounter: try row.bits("release_counter"), model: try row.digest("model"),
      manifest: try row.bytes("manifest"), baseManifest: try row.bytes("base_manifest"),
      isRollback: try row.integer("is_rollback") != 0,
      isTrial: try row.integer("is_trial") != 0,
      serving: ServingTerms(
        shadowPerMille: try row.number("shadow_per_mille"),
        probeInferences: try row.number("probe_inferences"),
        isStaged: try row.integer("is_staged") != 0, learns: try row.integer("learns") != 0,
        carriesLearning: try row.integer("carries") != 0),
      standIns: try standIns(of: slot),
      learnt: try row.isNull("learnt")
        ? nil
        : LearntState(digest: try row.digest("learnt"), samples: try row.bits("learnt_samples")))
  }

  private func standIns(of slot: String) throws -> [StandIn] {
    try Row.fetchAll(
      db, sql: "SELECT * FROM stand_in WHERE slot = ? ORDER BY position", arguments: [slot]
    ).map { found in
      let row = StoredRow(found, of: "stand_in")
      return StandIn(model: try row.digest("model"), manifest: try row.bytes("manifest"))
    }
  }

  private func training(_ row: StoredRow) throws -> TrainingRecord {
    var training = TrainingRecord(
      key: try row.roundKey(), base: try row.digest("base"), manifest: try row.bytes("manifest"),
      baseManifest: try row.bytes("base_manifest"), samples: try row.number("samples"),
      seed: try row.bits("seed"))
    guard let compression = UpdateCompression(try row.word("compression")) else {
      throw row.damage("compression")
    }
    training.compression = compression
    training.terms = try terms(row)
    do {
      training.localLayers = try JSONDecoder().decode(
        [String].self, from: Data(try row.bytes("local_layers")))
    } catch is DecodingError {
      throw row.damage("local_layers")
    }
    if try !row.isNull("digest") {
      training.result = TrainingResult(
        digest: try row.digest("digest"), size: try row.bits("size"),
        samples: try row.number("trained_samples"), correct: try row.number("correct"),
        counts: try row.counts("counts"), milliseconds: try row.number("milliseconds"),
        lossMillionths: try row.number("loss_millionths"))
      if try !row.isNull("residual_accepted") {
        training.result?.residual = PendingResidual(
          accepted: try row.digest("residual_accepted"), unused: try row.digest("residual_unused"))
      }
      if try !row.isNull("local_learnt") {
        training.result?.localLayers = try row.digest("local_learnt")
      }
    }
    return training
  }

  private func terms(_ row: StoredRow) throws -> TrainingTerms {
    let text = try row.word("terms")
    if text.isEmpty { return .none }
    do {
      return try JSONDecoder().decode(TrainingTerms.self, from: Data(text.utf8))
    } catch {
      throw row.damage("terms")
    }
  }
}
