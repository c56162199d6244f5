import Crypto
import FleetProtocol

extension AgentCore {
  /// Silence after which chunks, updates and telemetry are asked for or sent again.
  static let patienceMilliseconds: Int64 = 5_000

  /// Begins to fetch a model whose manifest was verified when it was stored; false for not now.
  mutating func fetch(
    _ model: ContentDigest, _ manifest: [UInt8], at now: Instant,
    into directives: inout [AgentDirective]
  ) -> Bool {
    if let until = postponed[model], now < until { return false }
    postponed[model] = nil
    guard let facts = CarriedManifest.unverified(manifest) else {
      preconditionFailure("the stored manifest of \(model) was readable when it was verified")
    }
    let chunks = facts.chunkDigests.compactMap { ContentDigest($0) }
    download = Download(model: model, chunks: chunks, size: facts.size, at: now)
    directives.append(.inspectChunks(model: model, chunks: chunks, size: facts.size))
    return true
  }

  mutating func inspected(
    _ model: ContentDigest, present: [Bool]?, into directives: inout [AgentDirective]
  ) {
    guard let current = download, current.model == model, current.stage == .inspecting else {
      return
    }
    guard let present else {
      stored.insert(model)
      lost.remove(model)
      download = nil
      return
    }
    precondition(
      present.count == current.chunks.count,
      "\(present.count) flags for \(current.chunks.count) chunks")
    download?.begin(present: present)
    assembleWhenComplete(into: &directives)
  }

  private mutating func assembleWhenComplete(into directives: inout [AgentDirective]) {
    guard let download, download.stage == .assembling else { return }
    directives.append(.assemble(model: download.model, chunks: download.chunks))
  }

  /// Asks for chunks within the credit; for all of them again after a silence.
  mutating func pursueChunks(at now: Instant, into directives: inout [AgentDirective]) {
    guard isDataReady(at: now), var current = download, current.stage == .fetching else { return }
    if now.milliseconds(since: current.progressAt) > Self.patienceMilliseconds {
      current.forgetRequests()
      if case .talking(var session) = conversation {
        session.forgetChunks(isFresh: false)
        conversation = .talking(session)
      }
    }
    let room = UInt64(Limits.chunkCreditMax - Download.runMax)
    while case .talking(var session) = conversation, session.chunksOnTheWay <= room,
      let run = current.nextRun()
    {
      current.progressAt = now
      var request = WireBlobRequest()
      request.digest = wireBytes(current.model.bytes)
      request.firstChunk = UInt32(run.lowerBound)
      request.chunkCount = UInt32(run.count)
      if session.version >= Limits.busyInSessionVersion {
        request.receivedChunks = session.chunksReceived
      }
      session.chunksAsked += UInt64(run.count)
      conversation = .talking(session)
      send(.blobRequest(request), into: &directives)
    }
    download = current
  }

  /// Takes a chunk: only bytes that the signed manifest names reach the disk.
  mutating func take(
    _ chunk: WireBlobChunk, payload: [UInt8], at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    let index = Int(chunk.index)
    guard var current = download, current.model.bytes.elementsEqual(chunk.digest),
      current.wants(index)
    else { return }
    let expected = current.chunks[index]
    let isGood = expected.bytes.elementsEqual(SHA256.hash(data: payload))
    current.note(index, isGood: isGood)
    current.progressAt = now
    download = current
    guard isGood else {
      count("chunk-digest")
      report(
        "chunk.damaged", "chunk \(index) of \(current.model.short) is not what the manifest says",
        at: now, into: &directives)
      if current.faults > Download.faultsMax {
        let detail = "\(current.faults) damaged chunks"
        abandon(
          current.model, ModelRefusal("chunk-digest", detail), at: now, into: &directives)
      }
      return
    }
    directives.append(
      .storeChunk(
        model: current.model, index: chunk.index, digest: expected, bytes: payload))
    assembleWhenComplete(into: &directives)
  }

  mutating func assembled(
    _ model: ContentDigest, _ outcome: AssemblyOutcome, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard var current = download, current.model == model, current.stage == .assembling else {
      return
    }
    switch outcome {
    case .stored:
      stored.insert(model)
      lost.remove(model)
      download = nil
    case .unavailable(let detail): postpone(model, detail, at: now, into: &directives)
    case .damaged(let detail):
      current.faults += 1
      current.stage = .inspecting
      download = current
      if current.faults > Download.faultsMax {
        abandon(model, ModelRefusal("chunk-digest", detail), at: now, into: &directives)
      } else {
        directives.append(
          .inspectChunks(model: model, chunks: current.chunks, size: current.size))
      }
    }
  }

  /// The disk does not take the model (yet): it is fetched again later, from where it stood.
  mutating func postpone(
    _ model: ContentDigest, _ detail: String, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard download?.model == model else { return }
    download = nil
    postponed[model] = now.advanced(milliseconds: Self.patienceMilliseconds)
    report(
      "model.postponed", "\(model.short) is not stored, trying again: \(detail)", at: now,
      into: &directives)
    guard let wanted = wantedModel, wanted.model == model else { return }
    tell(
      ObservedModel(
        generation: wanted.generation, phase: .downloading, model: model, code: "storage",
        detail: String(detail.prefix(500))),
      into: &directives)
  }

  /// The coordinator does not hold the model (yet): it is asked again later.
  mutating func miss(
    _ missing: WireBlobMissing, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard let current = download, current.model.bytes.elementsEqual(missing.digest) else {
      return
    }
    download = nil
    postponed[current.model] = now.advanced(milliseconds: Self.patienceMilliseconds)
    report(
      "model.missing", "the coordinator does not hold \(current.model.short)", at: now,
      into: &directives)
  }
}
