import Federation
import FleetCore
import FleetProtocol
import Foundation
import GRDB

/// Reads the whole fleet state inside one transaction.
struct FleetLoader {
  let db: Database

  func state() throws -> FleetState {
    guard let found = try Row.fetchOne(db, sql: "SELECT * FROM coordinator WHERE id = 1") else {
      throw RowDamage(table: "coordinator", column: "id")
    }
    let row = StoredRow(found, of: "coordinator")
    var state = FleetState(epoch: try row.bits("epoch"))
    state.lastGeneration = try row.bits("last_generation")
    try each("node", "SELECT * FROM node") { row in
      let node = try self.node(row)
      state.nodes[node.id] = node
    }
    try each("boot_progress", "SELECT * FROM boot_progress ORDER BY id") { row in
      let progress = BootProgress(boot: try row.bytes("boot"), through: try row.bits("through"))
      state.nodes[try row.identifier("node")]?.boots.append(progress)
    }
    try each("barred_key", "SELECT * FROM barred_key") { row in
      let text = try row.text("public_key")
      guard let reason = BarredKey.Reason(rawValue: try row.word("reason")) else {
        throw row.damage("reason")
      }
      state.barredKeys[text] = BarredKey(
        publicKey: text, reason: reason, at: try row.instant("at_us"))
    }
    try each("join_token", "SELECT * FROM join_token") { row in
      state.joinTokens[try row.identifier("name")] = try json(JoinToken.self, row, "token")
    }
    try each("admin_token", "SELECT * FROM admin_token") { row in
      let token = try adminToken(row)
      state.adminTokens[token.name] = token
    }
    try each("model", "SELECT * FROM model WHERE removed_at_us IS NULL") { row in
      let model = try self.model(row)
      state.models[model.digest] = model
    }
    try each("job", "SELECT * FROM job") { row in
      let job = try self.job(row)
      state.jobs[job.id] = job
    }
    try each("request", "SELECT * FROM request ORDER BY rowid") { row in
      state.answers[try row.text("id")] = try json(CommandResponse.self, row, "response")
    }
    try each("root", "SELECT * FROM root ORDER BY id") { row in
      state.roots.append(
        RootRecord(version: try row.bits("version"), envelope: try row.bytes("envelope")))
    }
    try each("budget", "SELECT * FROM budget") { row in
      state.budgets[try row.identifier("name")] = try json(EnergyBudget.self, row, "budget")
    }
    state.rounds = try rounds()
    state.rollouts = try rollouts()
    return state
  }

  func each(
    _ table: String, _ sql: String, _ body: (StoredRow) throws -> Void
  ) throws {
    let cursor = try Row.fetchCursor(db, sql: sql)
    while let row = try cursor.next() { try body(StoredRow(row, of: table)) }
  }

  private func json<Value: Decodable>(
    _ type: Value.Type, _ row: StoredRow, _ column: String
  ) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(try row.word(column).utf8))
    } catch {
      throw row.damage(column)
    }
  }

  private func node(_ row: StoredRow) throws -> NodeRecord {
    var node = NodeRecord(
      id: try row.identifier("id"), publicKey: try row.text("public_key"),
      acceptedAt: try row.instant("accepted_at_us"))
    node.chip = try row.text("chip")
    node.accepted = try row.generation("accepted")
    if try !row.isNull("desired_epoch") {
      node.desired = DesiredAssignment(
        generation: try row.generation("desired"), model: try row.digest("desired_model"),
        allowRollbackTo: try row.isNull("desired_rollback")
          ? nil : try row.bits("desired_rollback"),
        isTrial: try row.integer("desired_trial") != 0,
        serving: ServingTerms(
          shadowPerMille: try row.number("desired_shadow"),
          probeInferences: try row.number("desired_probe"),
          isStaged: try row.integer("desired_staged") != 0,
          learns: try row.integer("desired_learns") != 0,
          carriesLearning: try row.integer("desired_carries") != 0),
        standIns: try json([ContentDigest].self, row, "desired_stand_ins"),
        decided: try row.generation("desired_decided"))
    }
    // Absent in rows that an older release wrote.
    if try !row.isNull("terms") { node.terms = try json(NodeTerms.self, row, "terms") }
    node.noticesThrough = try row.bits("notices_through")
    node.alarm = try row.word("alarm")
    if try !row.isNull("observed_epoch") { node.observed = try row.observed() }
    return node
  }

  private func adminToken(_ row: StoredRow) throws -> AdminToken {
    let words = try row.word("scopes").split(separator: " ")
    let scopes = words.compactMap { AdminScope(rawValue: String($0)) }
    // A scope that a newer release knows is not dropped unseen.
    guard scopes.count == words.count else { throw row.damage("scopes") }
    func instant(_ column: String) throws -> Instant? {
      try row.isNull(column) ? nil : try row.instant(column)
    }
    var token = AdminToken(
      name: try row.identifier("name"), hash: try row.word("hash"), scopes: scopes,
      createdAt: try row.instant("created_at_us"), expiresAt: try instant("expires_at_us"))
    token.revokedAt = try instant("revoked_at_us")
    token.usedAt = try instant("used_at_us")
    return token
  }

  func model(_ row: StoredRow) throws -> ModelRecord {
    ModelRecord(
      name: try row.identifier("name"), releaseCounter: try row.bits("release_counter"),
      digest: try row.digest("digest"), manifestDigest: try row.digest("manifest_digest"),
      manifest: try row.bytes("manifest"), structureDigest: try row.digest("structure_digest"),
      priceDigest: try row.digest("price_digest"), size: try row.bits("size"),
      chips: try json([String].self, row, "chips"), addedAt: try row.instant("added_at_us"),
      published: try row.isNull("published") ? nil : try row.digest("published"),
      nanojoulesPerInference: try row.isNull("nanojoules") ? nil : try row.bits("nanojoules"))
  }

  private func job(_ row: StoredRow) throws -> JobRecord {
    var job = JobRecord(
      id: try row.identifier("id"),
      specification: try json(JobSpecification.self, row, "specification"),
      current: try row.digest("current"), createdAt: try row.instant("created_at_us"))
    guard let state = JobState(rawValue: try row.word("state")) else {
      throw row.damage("state")
    }
    job.state = state
    job.detail = try row.text("detail")
    job.bestAccuracy = try row.real("best_accuracy")
    if try !row.isNull("server_state") { job.serverState = try row.digest("server_state") }
    if try !row.isNull("secret") {
      guard let secret = JobSecret(try row.bytes("secret")) else { throw row.damage("secret") }
      job.secret = secret
    }
    if try !row.isNull("paused_at_us") { job.pausedAt = try row.instant("paused_at_us") }
    return job
  }

  // MARK: rollouts

  private func rollouts() throws -> [Identifier: RolloutRecord] {
    var members: [Identifier: [Identifier: RolloutMember]] = [:]
    try each("rollout_member", "SELECT * FROM rollout_member") { row in
      let member = try json(RolloutMember.self, row, "member")
      members[try row.identifier("rollout"), default: [:]][try row.identifier("node")] = member
    }
    var rollouts: [Identifier: RolloutRecord] = [:]
    try each("rollout", "SELECT * FROM rollout") { row in
      let id = try row.identifier("id")
      let progress = try json(RolloutProgress.self, row, "progress")
      var rollout = RolloutRecord(
        id: id, specification: try json(RolloutSpecification.self, row, "specification"),
        model: try row.digest("model"), waveCount: Int(try row.integer("wave_count")),
        members: members[id] ?? [:], stage: progress.stage, began: progress.began,
        createdAt: try row.instant("created_at_us"))
      rollout.progress = progress
      rollouts[id] = rollout
    }
    return rollouts
  }

  // MARK: rounds

  private func rounds() throws -> [RoundKey: RoundRecord] {
    var updates: [RoundKey: [Identifier: UpdateRecord]] = [:]
    try each("round_update", "SELECT * FROM round_update") { row in
      let update = UpdateRecord(
        digest: try row.digest("digest"), size: try row.bits("size"),
        samples: try row.number("samples"), correct: try row.number("correct"),
        counts: try row.counts("counts"),
        trainingMilliseconds: try row.number("training_milliseconds"),
        acceptedAt: try row.instant("accepted_at_us"),
        lossMillionths: try row.number("loss_millionths"))
      updates[try row.roundKey(), default: [:]][try row.identifier("node")] = update
    }
    var participants: [RoundKey: [Participant]] = [:]
    let order = "SELECT * FROM participant ORDER BY job, round, attempt, node"
    try each("participant", order) { row in
      let key = try row.roundKey()
      let node = try row.identifier("node")
      let participant = Participant(
        node: node, state: try self.participant(row, updates[key]?[node]))
      participants[key, default: []].append(participant)
    }
    let ledger = try privacyLedger()
    var rounds: [RoundKey: RoundRecord] = [:]
    try each("round", "SELECT * FROM round") { row in
      let key = try row.roundKey()
      var round = RoundRecord(
        key: key, base: try row.digest("base"), seed: try row.bits("seed"),
        samples: try row.number("samples"), cohort: [], plannedAt: try row.instant("planned_at_us"))
      round.participants = participants[key] ?? []
      round.state = try self.roundState(row, ledger[key])
      if try !row.isNull("opened_at_us") { round.openedAt = try row.instant("opened_at_us") }
      rounds[key] = round
    }
    return rounds
  }

  private func participant(
    _ row: StoredRow, _ update: UpdateRecord?
  ) throws -> ParticipantState {
    switch try row.word("state") {
    case "pending": return .pending
    case "late": return .late
    case "refused": return .refused(code: try row.text("code"))
    case "reported":
      guard let update else { throw row.damage("state") }
      return .reported(update)
    default: throw row.damage("state")
    }
  }

  private func roundState(_ row: StoredRow, _ paid: PrivacyLedgerRow?) throws -> RoundState {
    switch try row.word("state") {
    case "planned": return .planned
    case "open": return .open(deadline: try row.instant("deadline_us"))
    case "sealed": return .sealed(hash: try row.digest("sealed_hash"))
    case "committed":
      var result = RoundResult(
        sealedHash: try row.digest("sealed_hash"), model: try row.digest("result_model"),
        accuracy: try row.real("accuracy"), accepted: try row.integer("accepted") != 0,
        committedAt: try row.instant("committed_at_us"),
        state: try row.isNull("server_state") ? nil : try row.digest("server_state"),
        leftOut: try json([String].self, row, "left_out").map { text in
          guard let node = Identifier(text) else { throw row.damage("left_out") }
          return node
        }, privacy: paid)
      result.baseAccuracy = try row.real("base_accuracy")
      if try !row.isNull("nanojoules") {
        result.nanojoulesPerInference = try row.bits("nanojoules")
      }
      // Rounds of older versions have none.
      if try !row.isNull("detail") { result.reason = try row.text("detail") }
      return .committed(result)
    case "failed":
      return .failed(code: try row.text("code"), detail: try row.text("detail"))
    case "cancelled": return .cancelled
    default: throw row.damage("state")
    }
  }
}

extension StoredRow {
  /// A node's word about its model, from the six `observed_` columns.
  func observed() throws(RowDamage) -> ObservedModel {
    guard let phase = ModelPhase(rawValue: try word("observed_phase")) else {
      throw damage("observed_phase")
    }
    return ObservedModel(
      generation: try generation("observed"), phase: phase, model: try digest("observed_model"),
      code: try text("observed_code"), detail: try text("observed_detail"))
  }
}
