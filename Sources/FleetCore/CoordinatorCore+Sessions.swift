import FleetProtocol

extension CoordinatorCore {
  /// Opens a conversation, or refuses it for good with a reason.
  mutating func greet(
    _ hello: WireHello, node: Identifier, from address: ReplyAddress, _ header: FrameHeader,
    at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    if let refusal = refusal(of: hello, node: node) {
      count(refusal.code)
      answer(.refused(refusal), to: address, header, into: &directives)
      if budget(of: node, at: now, { $0.takeReport(at: now) }) {
        persist(
          [.event(FleetEvent(node, "hello.refused", refusal.detail, at: now))],
          into: &directives)
      }
      return
    }
    let boot = [UInt8](hello.bootID)
    let other = sessions[node]
    let isDuplicate = supersede(other, by: boot, node: node, at: now)
    note(facts: hello, node: node, into: &directives)
    let version = min(hello.versionMax, Limits.protocolVersion)
    sessions[node] = Session(
      number: nextSessionNumber(), node: node, version: UInt8(version), boot: boot,
      control: address, rootVersion: hello.rootVersion, at: now)
    sessions[node]?.isAhead = other?.isAhead ?? false
    bulk.forget(node)
    var welcome = WireWelcome()
    welcome.version = version
    welcome.epoch = state.epoch
    welcome.heartbeatMilliseconds = settings.heartbeatMilliseconds
    welcome.liveness = settings.liveness
    welcome.desired = (state.nodes[node]?.desired?.generation ?? .none).wire
    welcome.telemetryThrough = state.nodes[node]?.telemetryThrough(boot: boot) ?? 0
    welcome.takesMergedWindows = true
    welcome.serverTimeUs = UInt64(max(0, now.microseconds))
    welcome.rotateKey = state.nodes[node]?.terms.isRotating ?? false
    welcome.timestamp = wireBytes(timestampDue(node))
    welcome.energyNanojoules = energyLimit(of: node) ?? 0
    send(.welcome(welcome), to: node, correlation: header.sequence, into: &directives)
    // The same run on a fresh connection is no news.
    if other?.boot != boot || other?.liveness != .online {
      directives.append(
        .report(FleetEvent(node, "node.online", "agent \(hello.agentVersion)", at: now)))
    }
    // After the welcome: the conversation does not wait for a full disk to take these.
    if isDuplicate { tellDuplicate(node, at: now, into: &directives) }
    let accepted = Generation(hello.accepted)
    if accepted > Generation(epoch: state.epoch, number: state.lastGeneration) {
      let detail =
        "the node holds generation \(accepted), this coordinator is at epoch \(state.epoch): its "
        + "state is an older copy, and the node obeys nothing below its own epoch; stop the "
        + "coordinator and put the copy in place with `spikefleet-coordinator restore`, which "
        + "chooses an epoch that is higher"
      persist([.event(FleetEvent(node, "epoch.behind", detail, at: now))], into: &directives)
    }
    note(accepted: accepted, node: node, into: &directives)
    bringRoots(to: node, at: now, into: &directives)
    let claims = (accepted: accepted, observed: Generation(hello.observed))
    catchUp(node, claims: claims, at: now, into: &directives)
    reconcile(node, claims: claims, into: &directives)
    settle(hello.openRounds, node: node, at: now, into: &directives)
  }

  /// Records which chip and which agent a node has, where it is news.
  private mutating func note(
    facts hello: WireHello, node: Identifier, into directives: inout [CoordinatorDirective]
  ) {
    guard let record = state.nodes[node] else { return }
    var changes: [FleetChange] = []
    if record.chip != hello.chip { changes.append(.nodeChip(node, chip: hello.chip)) }
    var terms = record.terms
    terms.agentVersion = String(hello.agentVersion.prefix(NodeTerms.agentVersionMax))
    let rate = hello.inferencesPerSecond
    terms.inferencesPerSecond = rate > 0 && rate.isFinite ? rate : nil
    if record.terms != terms { changes.append(.nodeTerms(node, terms)) }
    persist(changes, into: &directives)
  }

  private func refusal(of hello: WireHello, node: Identifier) -> WireRefused? {
    var refused = WireRefused()
    if hello.nodeID != node.text {
      refused.code = "node-mismatch"
      refused.detail =
        "the agent calls itself '\(hello.nodeID.prefix(64))' but its key belongs to '\(node)';"
        + " set 'node: \(node)' in the agent's configuration"
    } else if hello.versionMin > Limits.protocolVersion
      || hello.versionMax < max(Limits.protocolVersionMin, hello.versionMin)
    {
      refused.code = "version"
      refused.detail =
        "the agent speaks protocol \(hello.versionMin)...\(hello.versionMax), this coordinator"
        + " \(Limits.protocolVersionMin)...\(Limits.protocolVersion); install a matching agent"
    } else if hello.bootID.count != Limits.bootIDBytes {
      refused.code = "boot-id"
      refused.detail = "boot id of \(hello.bootID.count) bytes, expected \(Limits.bootIDBytes)"
    } else if hello.openRounds.count > Limits.openRoundsMax {
      refused.code = "open-rounds"
      refused.detail = "\(hello.openRounds.count) open rounds, limit \(Limits.openRoundsMax)"
    } else {
      return nil
    }
    return refused
  }

  /// Answers a heartbeat and repeats whatever the node seems to have missed.
  mutating func answer(
    _ beat: WireHeartbeat, node: Identifier, _ header: FrameHeader, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    note(nextKey: beat.nextPublicKey, node: node, at: now, into: &directives)
    var reply = WireHeartbeatReply()
    reply.rotateKey = state.nodes[node]?.terms.isRotating ?? false
    reply.knownNextKey = state.nodes[node]?.terms.nextKey ?? ""
    reply.desired = (state.nodes[node]?.desired?.generation ?? .none).wire
    reply.serverTimeUs = UInt64(max(0, now.microseconds))
    if let session = sessions[node], beat.rootVersion > session.rootVersion {
      sessions[node]?.rootVersion = beat.rootVersion
    }
    reply.timestamp = wireBytes(timestampDue(node))
    reply.energyNanojoules = energyLimit(of: node) ?? 0
    sessions[node]?.energy = beat.hasEnergy ? NodeEnergy(beat.energy) : nil
    sessions[node]?.chargePerMille = beat.charge == 0 ? nil : min(beat.charge - 1, 1_000)
    send(.heartbeatReply(reply), to: node, correlation: header.sequence, into: &directives)
    note(accepted: Generation(beat.accepted), node: node, into: &directives)
    bringRoots(to: node, at: now, into: &directives)
    let claims = (accepted: Generation(beat.accepted), observed: Generation(beat.observed))
    catchUp(node, claims: claims, at: now, into: &directives)
    reconcile(node, claims: claims, into: &directives)
    guard beat.openRounds.count <= Limits.openRoundsMax else {
      count("open-rounds")
      return
    }
    settle(beat.openRounds, node: node, at: now, into: &directives)
  }

  /// Sends the desired state again while the node has neither stored nor refused it.
  ///
  /// What the node itself says of its generations goes before the record: one that lost its state
  /// folder gets its model again. A node that has carried it out, but whose report was lost, gets
  /// it again too: it answers an equal generation with its report and does nothing else.
  mutating func reconcile(
    _ node: Identifier, claims: (accepted: Generation, observed: Generation)? = nil,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let record = state.nodes[node], let desired = record.desired,
      let model = state.models[desired.model], var session = sessions[node],
      session.liveness != .offline, hasNewestRoot(session)
    else { return }
    let isReported =
      record.observed?.generation == desired.generation
      && record.observed?.phase.isTerminal == true
    let isMissing: Bool
    if let claims {
      let hasNever = max(claims.accepted, claims.observed) < desired.generation
      isMissing = hasNever || (claims.observed == desired.generation && !isReported)
    } else {
      isMissing = record.accepted < desired.generation && !isReported
    }
    let mustNotServe = desired.serving.isShadow || desired.serving.isStaged
    guard isMissing, !mustNotServe || session.version >= Limits.servingTermsVersion else { return }
    let order = DesiredOrder(
      node: node, version: session.version, session: session.number, sequence: session.reserve(),
      generation: desired.generation, model: model, baseManifest: publishedManifest(of: model),
      allowRollbackTo: desired.allowRollbackTo, isTrial: desired.isTrial,
      serving: desired.serving, standIns: desired.standIns.compactMap { state.models[$0] })
    sessions[node] = session
    directives.append(.sendDesired(session.control, order))
  }

  /// The manifest that permits a federated successor; empty for a published model.
  func publishedManifest(of model: ModelRecord) -> [UInt8] {
    guard let published = model.published else { return [] }
    return state.models[published]?.manifest ?? []
  }

  /// Records that the node holds a generation on its disk.
  mutating func note(
    accepted generation: Generation, node: Identifier,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let record = state.nodes[node], generation > record.accepted else { return }
    // A node cannot hold what it was never given: such a claim comes from a restored database.
    guard let desired = record.desired, generation <= desired.generation else { return }
    persist([.desiredAccepted(node, generation)], into: &directives)
  }

  /// Records what the node says about its model.
  mutating func note(
    observed wire: WireObservedState, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let phase = ModelPhase(wire.state), let model = ContentDigest(wire.modelDigest) else {
      count("observed")
      return
    }
    // Its last chunks are followed by no request that would say so.
    if phase.isTerminal, bulk.down(node) > 0 { bulk.set(down: 0, node, at: now) }
    let observed = ObservedModel(
      generation: Generation(wire.generation), phase: phase, model: model,
      code: String(wire.code.prefix(64)), detail: String(wire.detail.prefix(1_024)))
    guard let record = state.nodes[node], record.observed != observed,
      observed.generation >= record.observed?.generation ?? .none
    else { return }
    // Progress that arrives after the end of the same generation was overtaken on its way.
    if let last = record.observed, last.generation == observed.generation,
      last.phase.isTerminal, !phase.isTerminal
    {
      return
    }
    var changes: [FleetChange] = [.observed(node, observed)]
    if phase.isTerminal {
      let reason = observed.code.isEmpty ? "" : ": \(observed.code), \(observed.detail)"
      let detail = "model \(model.short) at generation \(observed.generation)\(reason)"
      changes.append(.event(FleetEvent(node, "model.\(phase.rawValue)", detail, at: now)))
    }
    persist(changes, into: &directives)
  }

  /// Ends a conversation that the agent closed itself.
  mutating func part(
    _ node: Identifier, at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    sessions[node]?.liveness = .offline
    bulk.forget(node)
    directives.append(.report(FleetEvent(node, "node.offline", "the agent stopped", at: now)))
  }

  /// Moves silent nodes to suspect and offline.
  mutating func watchLiveness(at now: Instant, into directives: inout [CoordinatorDirective]) {
    let beat = Int64(settings.heartbeatMilliseconds)
    // Most nodes are heard of in time: only the silent ones are put in order and written.
    let silent = sessions.filter {
      $0.value.liveness != .offline
        && now.milliseconds(since: $0.value.lastHeard) > beat * Int64(min(2, settings.liveness))
    }
    for node in silent.keys.sorted() {
      guard var session = sessions[node] else { continue }
      let silence = now.milliseconds(since: session.lastHeard)
      if silence > beat * Int64(settings.liveness) {
        session.liveness = .offline
        bulk.forget(node)
        let detail = "silent for \(silence) ms"
        persist([.event(FleetEvent(node, "node.offline", detail, at: now))], into: &directives)
      } else if session.liveness == .online {
        session.liveness = .suspect
        let detail = "silent for \(silence) ms"
        directives.append(.report(FleetEvent(node, "node.suspect", detail, at: now)))
      }
      sessions[node] = session
    }
  }
}
