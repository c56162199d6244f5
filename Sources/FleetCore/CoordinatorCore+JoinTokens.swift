import FleetProtocol

extension CoordinatorCore {
  /// Keeps a fresh token's hash; its text was shown once and is nowhere.
  func createJoinToken(
    _ token: JoinToken, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let name = Identifier(token.name) else {
      throw CommandRefusal(
        "token-name", "'\(token.name.prefix(80))' is not a name; use a-z, 0-9, '.', '_' and '-'")
    }
    guard ContentDigest(hex: token.hash) != nil else {
      throw CommandRefusal("token-hash", "a token's hash has 64 hexadecimal digits")
    }
    if let node = token.node, Identifier(node) == nil {
      throw CommandRefusal("node-name", "'\(node.prefix(80))' is not a node's name")
    }
    guard state.joinTokens[name] == nil else {
      throw CommandRefusal("duplicate-token", "token '\(name)' exists; revoke it or name another")
    }
    guard state.joinTokens.count < JoinToken.tokensMax else {
      throw CommandRefusal("tokens", "\(state.joinTokens.count) tokens are kept; revoke some")
    }
    guard (1...JoinToken.usesMax).contains(token.usesLeft) else {
      throw CommandRefusal(
        "token-uses", "\(token.usesLeft) uses, expected 1 to \(JoinToken.usesMax)")
    }
    let longest = now.advanced(milliseconds: Int64(JoinToken.daysMax) * 86_400_000)
    guard token.expiresAt > now, token.expiresAt <= longest else {
      throw CommandRefusal(
        "token-expiry", "a token is good for up to \(JoinToken.daysMax) days from now on")
    }
    let detail = "lets \(token.node ?? "any name") in, \(token.usesLeft) times"
    return CommandDecision(
      changes: [
        .joinTokenChanged(token),
        .event(FleetEvent(at: now, kind: "token.created", subject: name.text, detail: detail)),
      ], answer: name.text)
  }

  /// Forgets a token; who came in with it stays in.
  func revokeJoinToken(_ name: String, at now: Instant) throws(CommandRefusal) -> CommandDecision {
    guard let id = Identifier(name), state.joinTokens[id] != nil else {
      throw CommandRefusal(
        "unknown-token", "there is no token '\(name.prefix(80))'; see `join-token list`")
    }
    let event = FleetEvent(
      at: now, kind: "token.revoked", subject: id.text, detail: "it lets nobody in any more")
    return CommandDecision(changes: [.joinTokenRemoved(id), .event(event)], answer: id.text)
  }

  /// Lets in who showed a token that is good.
  ///
  /// A stranger decides how often this happens, so a refusal changes nothing on the disk: it is
  /// counted, and told at a pace.
  mutating func enrol(
    _ request: EnrolmentRequest, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    // The same key under the same name: the answer to an earlier request was lost on its way.
    if let node = Identifier(request.node), state.nodes[node]?.admits(request.publicKey) == true {
      return
    }
    do throws(CommandRefusal) {
      guard var token = token(hash: request.tokenHash), now < token.expiresAt,
        token.usesLeft > 0, token.node == nil || token.node == request.node
      else {
        throw CommandRefusal("token", "no such token, or it is spent, expired, or another name's")
      }
      // A name that exists stays with its key: a token makes nodes, it replaces none.
      guard let node = Identifier(request.node), state.nodes[node] == nil else {
        throw CommandRefusal("node-name", "the name is taken, or none")
      }
      // An operator who turned this key away is not overruled by a token.
      guard state.barredKeys[request.publicKey] == nil else {
        throw CommandRefusal("barred-key", "the key was turned away")
      }
      let decision = try acceptNode(
        publicKey: request.publicKey, name: request.node, at: now)
      token.usesLeft -= 1
      let event = FleetEvent(
        node, "node.enrolled", "with the token \(token.name), \(token.usesLeft) uses left", at: now)
      let entry = AuditEntry(
        at: now, actor: "token \(token.name)", requestID: "", subject: node.text,
        action: "accept \(node) \(request.publicKey)", outcome: "done")
      persist(
        decision.changes + [.joinTokenChanged(token), .event(event), .audited(entry)],
        into: &directives)
      directives.append(.allowKey(publicKey: request.publicKey, node: node))
    } catch {
      count("enrol-\(error.code)")
      guard enrolReports?.take(at: now) ?? true else { return }
      if enrolReports == nil { enrolReports = TokenBucket(settings.limits.reports, at: now) }
      directives.append(
        .report(
          FleetEvent(
            at: now, kind: "enrol.refused", subject: String(request.node.prefix(64)),
            detail: "\(error.code): \(error.detail)")))
    }
  }

  /// The token with this hash; every kept one is compared in full, whichever it is.
  private func token(hash: String) -> JoinToken? {
    var found: JoinToken?
    for name in state.joinTokens.keys.sorted() {
      guard let token = state.joinTokens[name] else { continue }
      if isSameHash(token.hash, hash) { found = token }
    }
    return found
  }
}
