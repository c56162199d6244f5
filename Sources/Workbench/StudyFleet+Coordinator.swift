import CompiledModel
import Crypto
import FleetCore
import FleetProtocol

/// The coordinator's shell, as a study imitates it: a database that is the core's own state, a door
/// and an aggregator that are the real ones.
extension StudyFleet {
  func tell(_ event: CoordinatorEvent) throws(ConfigurationError) {
    for directive in core.handle(event, at: now) { try carryOut(directive) }
  }

  private func carryOut(_ directive: CoordinatorDirective) throws(ConfigurationError) {
    switch directive {
    case .persist(let changes): note(changes)
    case .send(let address, let packet): send(packet, to: address)
    case .sendChunks(let address, let order): sendChunks(address, order)
    case .appendUpload(let key, let offset, let bytes):
      try folder.stage(key.name, offset: offset, bytes)
    case .checkUpload(let key, let check):
      parcels.append(.coordinator(.uploadChecked(key, try judge(key, check))))
    case .aggregate(let order):
      parcels.append(.coordinator(.aggregated(order.key, try aggregate(order))))
    case .signTimestamp(let document):
      parcels.append(
        .coordinator(
          .timestampSigned(
            SignedDocument.sign(
              SignedDocument.encoded(document), as: .timestamp, with: [StudyTrust.deploy]))))
    case .answer(_, .refused(let code, let detail)):
      throw Self.refusal(code, detail, of: setup)
    case .disconnect(let address): cut(address)
    // Nobody is deployed to or asked, no key changes, and nobody reads a log. Staged bytes go at
    // the end of the round.
    case .answer, .sendDesired, .assess, .rootChanged, .allowKey, .denyKey, .dropUpload,
      .answerQuery, .report:
      break
    }
  }

  /// Throws where no coordinator would start the job; nothing is begun.
  static func admit(_ setup: StudySetup) throws(ConfigurationError) {
    var core = CoordinatorCore(state: newState(setup), settings: CoordinatorSettings())
    _ = core.handle(.rootFile(StudyTrust.rootFile), at: StudyTrust.start)
    let command = CoordinatorEvent.command(
      .startJob(setup.job, secret: StudyTrust.secret(setup.job)), requestID: "study")
    for directive in core.handle(command, at: StudyTrust.start) {
      if case .answer(_, .refused(let code, let detail)) = directive {
        throw refusal(code, detail, of: setup)
      }
    }
  }

  private static func refusal(
    _ code: String, _ detail: String, of setup: StudySetup
  ) -> ConfigurationError {
    ConfigurationError(
      file: setup.plan.sources.job, key: code, found: detail,
      expected: "a job that a coordinator starts", cure: "mend the job")
  }

  private func note(_ changes: [FleetChange]) {
    for change in changes {
      switch change {
      case .roundCommitted(let key, let result, let model):
        // What follows belongs to the next round, which begins anew.
        committed = committed ?? (key, result, model)
      case .jobEnded(_, .failed, let detail):
        failure = [detail, firstTrouble].compactMap(\.self).joined(separator: "; first ")
      case .jobEnded(_, .finished, let detail) where committed == nil && !detail.isEmpty:
        failure = detail
      case .event(let event)
      where ["offer.declined", "update.refused"].contains(event.kind):
        firstTrouble = firstTrouble ?? event.detail
      default: break
      }
    }
  }

  private func sendChunks(_ address: ReplyAddress, _ order: ChunkOrder) {
    guard let bytes = contents[order.digest] else {
      preconditionFailure("chunks of \(order.digest), which the coordinator does not hold")
    }
    for place in 0..<order.count {
      let start = Int(order.first + place) * Limits.chunkBytes
      var chunk = WireBlobChunk()
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.index = order.first + place
      send(
        Packet(
          .blobChunk(chunk), version: order.version, session: order.session,
          sequence: order.sequence + UInt64(place), correlation: order.correlation,
          payload: Array(bytes[start..<min(start + Limits.chunkBytes, bytes.count)])),
        to: address)
    }
  }

  private func judge(
    _ key: UploadKey, _ check: UploadCheck
  ) throws(ConfigurationError) -> UploadOutcome {
    let bytes = try folder.unstage(key.name)
    guard UInt64(bytes.count) == check.size,
      check.digest.bytes.elementsEqual(SHA256.hash(data: bytes))
    else { return .refused(code: "digest", detail: "other bytes than were announced") }
    // All models of a study have one structure.
    let outcome = UpdateDoor.judge(
      bytes, check, shape: UpdateDoor.shape(of: setup.model, without: check.localLayers))
    if outcome == .valid { try folder.put(bytes) }
    return outcome
  }

  private func aggregate(_ order: AggregationOrder) throws(ConfigurationError) -> AggregationOutcome
  {
    guard let base = contents[order.base.digest] else {
      preconditionFailure("a round from \(order.base.digest), which is not held")
    }
    var updates: [UpdateBytes] = []
    for entry in order.updates { updates.append(UpdateBytes(try folder.content(entry.digest))) }
    var kept: [UInt8]?
    if let state = order.state { kept = try folder.content(state) }
    let successor: RoundAggregator.Successor
    do throws(AggregationRefusal) {
      successor = try RoundAggregator(federationKeys: [StudyTrust.federation]).aggregate(
        order, base: base, published: (setup.manifest, setup.plan.base), updates: updates,
        state: kept, at: now)
    } catch {
      return .refused(code: error.code, detail: error.detail)
    }
    let found = ParallelEvaluation.run(
      successor.model, on: setup.plan.check, threads: threads)
    evaluated = found
    try folder.put(successor.bytes)
    var state: ContentDigest?
    if let bytes = successor.serverState { state = try folder.put(bytes) }
    var record = successor.record
    record.nanojoulesPerInference = EnergyForecast.nanojoulesPerInference(
      of: successor.model, on: setup.plan.check)
    return .made(
      record, accuracy: found.accuracyPercent,
      baseAccuracy: order.measuresBase ? firstAccuracy : nil, state: state,
      leftOut: successor.leftOut)
  }

  // MARK: the wire

  func send(_ packet: Packet, to address: ReplyAddress) {
    let frames = packet.frames()
    if packet.message.isOfRounds {
      tally.bytesDown += frames.reduce(0) { $0 + UInt64($1.count) }
    }
    parcels.append(.down(address, frames))
  }

  /// The connection is gone; its agent hears of it and dials again.
  private func cut(_ address: ReplyAddress) {
    guard let index = connections.removeValue(forKey: address) else { return }
    nodes[index].addresses[address.endpoint] = nil
    parcels.append(
      .agent(index, .unlinked(address.endpoint, reason: "cut", needsOpen: true)))
  }
}

extension Message {
  /// Whether it is a round's own, and no sign of life.
  var isOfRounds: Bool {
    switch self {
    case .roundOffer, .roundVerdict, .updateWanted, .blobChunk, .blobMissing, .roundAnswer,
      .updateAnnounce, .updateChunk, .blobRequest:
      true
    default: false
    }
  }
}

extension ParallelEvaluation {
  /// Accuracy in percent, 0 without samples.
  var accuracyPercent: Double {
    samples == 0 ? 0 : 100 * Double(correct) / Double(samples)
  }
}
