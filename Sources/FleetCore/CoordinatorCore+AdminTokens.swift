import FleetProtocol

extension CoordinatorCore {
  /// The token with this hash, good or not; every kept one is compared in full.
  package func adminToken(hash: String) -> AdminToken? {
    var found: AdminToken?
    for name in state.adminTokens.keys.sorted() {
      guard let token = state.adminTokens[name], isSameHash(token.hash, hash) else { continue }
      found = token
    }
    return found
  }

  /// Keeps a fresh token's hash.
  func createAdminToken(
    _ token: AdminToken, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard ContentDigest(hex: token.hash) != nil else {
      throw CommandRefusal("token-hash", "a token's hash has 64 hexadecimal digits")
    }
    guard !token.scopes.isEmpty else {
      throw CommandRefusal(
        "token-scope",
        "a token needs a scope: "
          + AdminScope.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard state.adminTokens[token.name] == nil, adminToken(hash: token.hash) == nil else {
      throw CommandRefusal(
        "duplicate-token", "'\(token.name)', or its text, was a token's before; choose another name"
      )
    }
    let longest = now.advanced(milliseconds: Int64(AdminToken.daysMax) * 86_400_000)
    guard token.expiresAt.map({ $0 > now && $0 <= longest }) ?? true else {
      throw CommandRefusal(
        "token-expiry", "a token is good for up to \(AdminToken.daysMax) days from now on")
    }
    let scopes = token.scopes.map(\.rawValue).joined(separator: " ")
    return CommandDecision(
      changes: try roomForAdminToken(at: now) + [
        .adminTokenCreated(token),
        .event(
          FleetEvent(
            at: now, kind: "admin-token.created", subject: token.name.text, detail: scopes)),
      ], answer: token.name.text)
  }

  /// Forgets the oldest token that is good no longer where the list is full.
  private func roomForAdminToken(at now: Instant) throws(CommandRefusal) -> [FleetChange] {
    guard state.adminTokens.count >= AdminToken.tokensMax else { return [] }
    let ended = state.adminTokens.values.filter { !$0.isGood(at: now) }
    guard let oldest = ended.min(by: { ($0.createdAt, $0.name) < ($1.createdAt, $1.name) }) else {
      throw CommandRefusal(
        "tokens", "\(state.adminTokens.count) tokens are good; revoke some, see `token list`")
    }
    return [.adminTokenForgotten(oldest.name)]
  }

  /// Makes a token good no longer, from the next request on.
  func revokeAdminToken(
    _ name: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let id = Identifier(name), let token = state.adminTokens[id] else {
      throw CommandRefusal(
        "unknown-token", "there is no token '\(name.prefix(80))'; see `token list`")
    }
    guard token.revokedAt == nil else { return CommandDecision(changes: [], answer: id.text) }
    let event = FleetEvent(
      at: now, kind: "admin-token.revoked", subject: id.text, detail: "it opens nothing any more")
    return CommandDecision(
      changes: [.adminTokenRevoked(id, at: now), .event(event)], answer: id.text)
  }

  /// Notes that a token was good for a request.
  mutating func noteUse(
    ofAdminToken name: Identifier, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    guard let token = state.adminTokens[name], token.isUseDue(at: now) else { return }
    persist([.adminTokenUsed(name, at: now)], into: &directives)
  }

  /// Puts a refused request into the audit, at a pace for each who asks: who has no right to
  /// anything shall not fill the disk, nor hide what another one tried.
  mutating func note(
    _ refusal: AdminRefusal, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    count("admin-\(refusal.outcome)")
    var bucket =
      refusalReports[refusal.actor] ?? TokenBucket(settings.limits.reports, at: now)
    defer { refusalReports[refusal.actor] = bucket }
    guard bucket.take(at: now) else { return }
    persist(
      [
        .audited(
          AuditEntry(
            at: now, actor: refusal.actor, requestID: refusal.requestID, action: refusal.action,
            outcome: refusal.outcome))
      ], into: &directives)
  }
}

extension AdminToken {
  /// True where a use would be stored now.
  package func isUseDue(at now: Instant) -> Bool {
    usedAt.map { now.milliseconds(since: $0) >= Self.useMilliseconds } ?? true
  }
}
