import Federation
import FleetProtocol

/// What the coordinator holds against a node's part in a round.
enum Standing {
  /// Its update is still wanted.
  case wanted(RoundRecord)
  /// Nothing can be said yet.
  case undecided
  case acknowledged
  /// It sends another update than the one that counts.
  case conflict
  case refused(code: String)
  case late
  case gone
}

extension CoordinatorCore {
  /// Sends a round offer to a node that has a conversation and has not answered.
  ///
  /// Not more often than every half heartbeat, however often the node speaks.
  mutating func offer(
    _ key: RoundKey, to node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let round = state.rounds[key], case .open(let deadline) = round.state,
      round.participant(node)?.state == .pending, let base = state.models[round.base],
      let session = sessions[node], session.liveness != .offline, hasNewestRoot(session)
    else { return }
    let pause = Int64(settings.heartbeatMilliseconds / 2)
    if let last = session.offers[key], now.milliseconds(since: last) < pause { return }
    sessions[node]?.offers[key] = now
    var offer = WireRoundOffer()
    offer.key = key.wire
    offer.epoch = state.epoch
    offer.manifest = wireBytes(base.manifest)
    offer.baseManifest = wireBytes(publishedManifest(of: base))
    offer.samples = round.samples
    offer.seed = round.seed
    if let compression = state.jobs[key.job]?.specification.compression, compression != .dense {
      offer.compression = compression.description
    }
    if let job = state.jobs[key.job] { TrainingTerms(job.specification.strategy).write(to: &offer) }
    offer.localLayers = state.jobs[key.job]?.specification.localLayers ?? []
    offer.deadlineMilliseconds = UInt32(clamping: max(1, deadline.milliseconds(since: now)))
    send(.roundOffer(offer), to: node, into: &directives)
  }

  /// Answers every round that a node holds open, and offers those that it should hold.
  mutating func settle(
    _ rounds: [WireOpenRound], node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    var held: Set<RoundKey> = []
    for open in rounds {
      guard let key = RoundKey(open.key) else {
        count("round-key")
        continue
      }
      held.insert(key)
      let digest = ContentDigest(open.updateDigest)
      let standing = standing(of: node, in: key, digest: digest)
      if case .wanted = standing, let digest {
        want(UploadKey(round: key, node: node), digest, at: now, into: &directives)
      } else {
        answer(standing, key, node: node, into: &directives)
      }
    }
    for id in state.jobs.keys.sorted() where state.jobs[id]?.state == .running {
      guard let round = latestRound(of: id), !held.contains(round.key) else { continue }
      offer(round.key, to: node, at: now, into: &directives)
    }
  }

  /// Takes a node's word on an offer; a refusal ends its part in the round.
  mutating func take(
    _ answer: WireRoundAnswer, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let key = RoundKey(answer.key) else {
      count("round-key")
      return
    }
    let standing = standing(of: node, in: key, digest: nil)
    guard case .wanted = standing, !answer.accepted else {
      self.answer(standing, key, node: node, into: &directives)
      return
    }
    drop(UploadKey(round: key, node: node), into: &directives)
    let code = answer.code.isEmpty ? "declined" : String(answer.code.prefix(64))
    let detail = "\(node) declined: \(code), \(answer.detail.prefix(1_024))"
    persist(
      [
        .participantClosed(key, node, .refused(code: code)),
        .event(FleetEvent(key, "offer.declined", detail, at: now)),
      ], into: &directives)
    advance(key.job, at: now, into: &directives)
  }

  /// Where a node stands in a round with the update it holds, nil for none.
  func standing(
    of node: Identifier, in key: RoundKey, digest: ContentDigest?
  ) -> Standing {
    guard let round = state.rounds[key], let participant = round.participant(node) else {
      return .gone
    }
    switch participant.state {
    case .reported(let update):
      return digest == nil || digest == update.digest ? .acknowledged : .conflict
    case .refused(let code): return .refused(code: code)
    case .late: return .late
    case .pending: break
    }
    switch round.state {
    case .planned: return .undecided
    case .open: return .wanted(round)
    case .sealed, .committed: return .late
    case .failed, .cancelled: return .gone
    }
  }

  /// Sends the verdict that a standing stands for; none while nothing is decided.
  mutating func answer(
    _ standing: Standing, _ key: RoundKey, node: Identifier,
    into directives: inout [CoordinatorDirective]
  ) {
    var verdict = WireRoundVerdict()
    verdict.key = key.wire
    switch standing {
    case .wanted, .undecided: return
    case .acknowledged: verdict.verdict = .acknowledged
    case .conflict:
      verdict.verdict = .refused
      verdict.code = "conflict"
      verdict.detail = "another update of this node is stored for this round and counts"
    case .refused(let code):
      verdict.verdict = .refused
      verdict.code = code
      verdict.detail = "final for this round"
    case .late:
      verdict.verdict = .late
      verdict.code = "late"
      verdict.detail = "the round was sealed before this update was stored"
    case .gone:
      verdict.verdict = .gone
      verdict.code = "gone"
      verdict.detail = "the round ended, or this node is not in its cohort"
    }
    send(.roundVerdict(verdict), to: node, into: &directives)
  }
}
