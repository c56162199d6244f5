import FleetProtocol

extension CoordinatorCore {
  /// Bytes that one node may have on their way to the coordinator.
  static let uploadCreditBytes = UInt64(Limits.chunkCreditMax * Limits.chunkBytes)

  /// Answers an announced update: send it, it is stored already, or it is refused for good.
  mutating func consider(
    _ announce: WireUpdateAnnounce, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let round = RoundKey(announce.key), let digest = ContentDigest(announce.digest) else {
      count("announce")
      return
    }
    let key = UploadKey(round: round, node: node)
    let standing = standing(of: node, in: round, digest: digest)
    guard case .wanted(let record) = standing else {
      if case .conflict = standing {
        let detail = "\(node) announced \(digest.short) after another update was stored"
        persist(
          [.event(FleetEvent(round, "update.conflict", detail, at: now))], into: &directives)
      }
      answer(standing, round, node: node, into: &directives)
      return
    }
    if let refusal = refusal(of: announce, in: record) {
      refuse(key, code: refusal.code, refusal.detail, at: now, into: &directives)
      return
    }
    if let upload = uploads[key] {
      // While one is being checked nothing else is taken; the node announces again.
      if upload.isChecking { return }
      if upload.digest == digest {
        want(key, digest, at: now, into: &directives)
        return
      }
      drop(key, into: &directives)
    }
    uploads[key] = Upload(
      announce: announce, digest: digest, received: 0, creditEnd: 0, isChecking: false)
    want(key, digest, at: now, into: &directives)
  }

  private func refusal(
    of announce: WireUpdateAnnounce, in round: RoundRecord
  ) -> (code: String, detail: String)? {
    if announce.size == 0 || announce.size > UInt64(Limits.updateBytesMax) {
      return ("size", "\(announce.size) bytes, expected 1 to \(Limits.updateBytesMax)")
    }
    if announce.samples == 0 || announce.samples > round.samples
      || announce.correct > announce.samples
    {
      return (
        "sample-count",
        "\(announce.correct) hits of \(announce.samples) samples, offered were \(round.samples)"
      )
    }
    if announce.counts.count > Limits.eventKindsMax {
      return ("counts", "\(announce.counts.count) event kinds, limit \(Limits.eventKindsMax)")
    }
    return lossRefusal(of: announce, in: round)
  }

  /// Asks for the rest of an upload from where it stands; without one, for its announcement.
  mutating func want(
    _ key: UploadKey, _ digest: ContentDigest, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard var upload = uploads[key], upload.digest == digest else {
      if uploads[key] == nil {
        grant(key, digest, offset: 0, bytes: 0, into: &directives)
      }
      return
    }
    guard !upload.isChecking else { return }
    bulk.giveBack(up: upload.creditEnd - upload.received, key.node)
    let bytes = promise(upload.announce.size - upload.received, to: key.node, at: now)
    guard bytes > 0 else {
      uploads[key]?.creditEnd = upload.received
      count("bulk-budget")
      askToWait(key.node, 0, "many nodes transfer at once", at: now, into: &directives)
      return
    }
    upload.creditEnd = upload.received + bytes
    uploads[key] = upload
    grant(key, digest, offset: upload.received, bytes: bytes, into: &directives)
  }

  /// Credit for at most that many bytes, within what the node and all nodes may have on their way.
  private mutating func promise(
    _ bytes: UInt64, to node: Identifier, at now: Instant
  ) -> UInt64 {
    let own = Self.uploadCreditBytes - min(Self.uploadCreditBytes, bulk.up(node))
    let granted = min(bytes, own, bulk.free)
    if granted > 0 { bulk.add(up: granted, node, at: now) }
    return granted
  }

  private mutating func grant(
    _ key: UploadKey, _ digest: ContentDigest, offset: UInt64, bytes: UInt64,
    into directives: inout [CoordinatorDirective]
  ) {
    var wanted = WireUpdateWanted()
    wanted.key = key.round.wire
    wanted.digest = wireBytes(digest.bytes)
    wanted.offset = offset
    wanted.creditBytes = UInt32(bytes)
    send(.updateWanted(wanted), to: key.node, into: &directives)
  }

  /// Takes the next bytes of an upload; a complete one is checked before anything counts.
  ///
  /// Bytes that came before are dropped. After a hole the missing bytes are asked for once; when
  /// that request is lost too, the node's next announcement asks again.
  mutating func append(
    _ chunk: WireUpdateChunk, payload: [UInt8], node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let round = RoundKey(chunk.key), let digest = ContentDigest(chunk.digest) else {
      count("update-chunk")
      return
    }
    let key = UploadKey(round: round, node: node)
    guard var upload = uploads[key], upload.digest == digest, !upload.isChecking else { return }
    guard chunk.offset == upload.received else {
      if chunk.offset > upload.received, upload.gapAskedAt != upload.received {
        upload.gapAskedAt = upload.received
        uploads[key] = upload
        want(key, digest, at: now, into: &directives)
      }
      return
    }
    guard !payload.isEmpty, UInt64(payload.count) <= upload.creditEnd - upload.received else {
      count("update-credit")
      return
    }
    directives.append(.appendUpload(key, offset: upload.received, bytes: payload))
    upload.received += UInt64(payload.count)
    let size = upload.announce.size
    if upload.received == size {
      upload.isChecking = true
      uploads[key] = upload
      justComplete.insert(key)
      guard let base = state.rounds[round]?.base else {
        preconditionFailure("upload for the unknown round \(round)")
      }
      directives.append(
        .checkUpload(
          key,
          UploadCheck(
            digest: digest, size: size, samples: upload.announce.samples, base: base,
            localLayers: state.jobs[round.job]?.specification.localLayers ?? [])))
      return
    }
    let half = Self.uploadCreditBytes / 2
    uploads[key] = upload
    guard upload.creditEnd < size, upload.creditEnd - upload.received <= half else { return }
    let bytes = promise(min(half, size - upload.creditEnd), to: key.node, at: now)
    // Without more credit now, the node's next announcement asks again.
    guard bytes > 0 else { return }
    let offset = upload.creditEnd
    uploads[key]?.creditEnd += bytes
    grant(key, digest, offset: offset, bytes: bytes, into: &directives)
  }

  /// Counts a stored and valid update in one transaction, then acknowledges it.
  mutating func finishUpload(
    _ key: UploadKey, _ outcome: UploadOutcome, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let upload = uploads[key] else { return }
    guard upload.isChecking else {
      // The disk failed under an upload that is still coming: the node announces it again. Any
      // other outcome belongs to an upload that was given up since.
      if case .unreadable(let detail) = outcome {
        drop(key, into: &directives)
        directives.append(
          .report(FleetEvent(key.round, "update.unreadable", "\(key.node): \(detail)", at: now)))
      }
      return
    }
    uploads[key] = nil
    let standing = standing(of: key.node, in: key.round, digest: upload.digest)
    guard case .wanted = standing else {
      answer(standing, key.round, node: key.node, into: &directives)
      return
    }
    switch outcome {
    case .unreadable(let detail):
      directives.append(
        .report(FleetEvent(key.round, "update.unreadable", "\(key.node): \(detail)", at: now)))
    case .refused(let code, let detail):
      refuse(key, code: code, detail, at: now, into: &directives)
    case .valid:
      let announce = upload.announce
      let update = UpdateRecord(
        digest: upload.digest, size: announce.size, samples: announce.samples,
        correct: announce.correct, counts: announce.counts,
        trainingMilliseconds: announce.trainingMilliseconds, acceptedAt: now,
        lossMillionths: announce.lossMillionths)
      let loss = announce.lossMillionths
      let detail =
        "\(key.node): \(upload.digest.short), \(announce.samples) samples"
        + (loss > 0 ? ", the base's loss is \(Double(loss) / 1_000_000)" : "")
      persist(
        [
          .updateAccepted(key.round, key.node, update),
          .event(FleetEvent(key.round, "update.accepted", detail, at: now)),
        ] + amends(of: key.node), into: &directives)
      answer(.acknowledged, key.round, node: key.node, into: &directives)
      advance(key.round.job, at: now, into: &directives)
    }
  }

  private mutating func refuse(
    _ key: UploadKey, code: String, _ detail: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    drop(key, into: &directives)
    let code = String(code.prefix(64))
    var changes: [FleetChange] = [
      .participantClosed(key.round, key.node, .refused(code: code)),
      .event(
        FleetEvent(
          key.round, "update.refused", "\(key.node): \(code), \(detail.prefix(1_024))", at: now)),
    ]
    changes += offence(of: key.node, code: code, at: now)
    persist(changes, into: &directives)
    answer(.refused(code: code), key.round, node: key.node, into: &directives)
    advance(key.round.job, at: now, into: &directives)
    guard state.nodes[key.node]?.terms.quarantine != nil else { return }
    // It is kept out of every round, those of other jobs that wait for it too.
    let others = release(key.node, code: "quarantined", at: now)
    persist(others, into: &directives)
    for case .participantClosed(let other, _, _) in others {
      drop(UploadKey(round: other, node: key.node), into: &directives)
      answer(.refused(code: "quarantined"), other, node: key.node, into: &directives)
      advance(other.job, at: now, into: &directives)
    }
  }

  /// Forgets an upload and its staged bytes.
  mutating func drop(_ key: UploadKey, into directives: inout [CoordinatorDirective]) {
    guard let upload = uploads.removeValue(forKey: key) else { return }
    bulk.giveBack(up: upload.creditEnd - upload.received, key.node)
    directives.append(.dropUpload(key))
  }
}
