import FleetProtocol

/// One message of each type with every field filled, and its payload where the type carries one.
enum WireSamples {
  static let digest = [UInt8](0..<32)
  static let boot = [UInt8](0x40..<0x50)

  static var generation: WireGeneration {
    var generation = WireGeneration()
    generation.epoch = 7
    generation.number = 41
    return generation
  }

  static var round: WireRoundKey {
    var key = WireRoundKey()
    key.job = "digits"
    key.round = 3
    key.attempt = 2
    return key
  }

  static var openRound: WireOpenRound {
    var open = WireOpenRound()
    open.key = round
    open.updateDigest = wireBytes(digest)
    return open
  }

  /// Every type once, in the order of their numbers.
  static var messages: [Message] { controlUp + controlDown + dataUp + dataDown }

  /// The payload that a packet of this type needs, nil where it has none.
  static func payload(_ type: MessageType) -> [UInt8]? {
    type.rule.payloadBytesMax.map { _ in [9, 8, 7] }
  }

  /// A body of exactly that many bytes: one unknown field, which every reader skips.
  static func body(of count: Int) -> [UInt8] {
    for lengthBytes in 1...4 {
      let length = count - 1 - lengthBytes
      var varint: [UInt8] = []
      var rest = length
      while rest > 127 {
        varint.append(UInt8(rest & 127) | 0x80)
        rest >>= 7
      }
      varint.append(UInt8(rest))
      if varint.count == lengthBytes {
        return [15 << 3 | 2] + varint + [UInt8](repeating: 0x61, count: length)
      }
    }
    preconditionFailure("no field of \(count) bytes")
  }

  private static var controlUp: [Message] {
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 1
    hello.nodeID = "node-a"
    hello.agentVersion = "0.1.0"
    hello.bootID = wireBytes(boot)
    hello.chip = "loihi-learn"
    hello.accepted = generation
    hello.observed = generation
    hello.openRounds = [openRound]
    hello.rootVersion = 4
    var beat = WireHeartbeat()
    beat.accepted = generation
    beat.observed = generation
    beat.openRounds = [openRound, openRound]
    beat.rootVersion = 5
    var accepted = WireDesiredAccepted()
    accepted.generation = generation
    var observed = WireObservedState()
    observed.generation = generation
    observed.state = .refused
    observed.modelDigest = wireBytes(digest)
    observed.code = "chip"
    observed.detail = "this node carries generic"
    var answer = WireRoundAnswer()
    answer.key = round
    answer.accepted = true
    answer.code = "busy"
    answer.detail = "trains another round"
    var notice = WireNodeNotice()
    notice.sequence = 1 << 50
    notice.atUs = -7
    notice.kind = "root.refused"
    notice.code = "expired"
    notice.document = "root"
    notice.detail = "sign a new one"
    var notices = WireNodeNotices()
    notices.notices = [notice, notice]
    var report = WireAgentReport()
    report.id = 5
    report.lines = ["a line of the log"]
    var check = WireSelfCheck()
    check.name = "disk"
    check.result = "warning"
    check.detail = "200 MiB free"
    report.checks = [check]
    return [
      .hello(hello), .heartbeat(beat), .desiredAccepted(accepted), .observedState(observed),
      .roundAnswer(answer), .goodbye(WireGoodbye()), .agentReport(report), .nodeNotices(notices),
    ]
  }

  private static var controlDown: [Message] {
    var welcome = WireWelcome()
    welcome.version = 1
    welcome.epoch = 7
    welcome.heartbeatMilliseconds = 10_000
    welcome.liveness = 3
    welcome.desired = generation
    welcome.telemetryThrough = 12
    welcome.serverTimeUs = 1_700_000_000_000_000
    welcome.timestamp = wireBytes([4, 4])
    var busy = WireBusy()
    busy.retryAfterMilliseconds = 5_000
    busy.reason = "starting"
    var reset = WireReset()
    reset.reason = "unknown session"
    var reply = WireHeartbeatReply()
    reply.desired = generation
    reply.serverTimeUs = 1_700_000_000_000_001
    reply.timestamp = wireBytes([5])
    reply.rotateKey = true
    reply.knownNextKey = "k"
    var desired = WireDesiredState()
    desired.generation = generation
    desired.order = wireBytes([1])
    desired.manifest = wireBytes([2, 2])
    desired.baseManifest = wireBytes([3, 3, 3])
    var offer = WireRoundOffer()
    offer.key = round
    offer.epoch = 7
    offer.manifest = wireBytes([2, 2])
    offer.baseManifest = wireBytes([3, 3, 3])
    offer.samples = 400
    offer.seed = .max
    offer.deadlineMilliseconds = 60_000
    var verdict = WireRoundVerdict()
    verdict.key = round
    verdict.verdict = .late
    verdict.code = "sealed"
    verdict.detail = "the round was sealed"
    var unsupported = WireUnsupported()
    unsupported.type = 99
    var refused = WireRefused()
    refused.code = "version"
    refused.detail = "install a matching agent"
    var chain = WireRootChain()
    chain.roots = [wireBytes([1, 2]), wireBytes([3])]
    var noticed = WireNoticesAcknowledged()
    noticed.through = 1 << 50
    var query = WireAgentQuery()
    query.id = 5
    query.kind = .logs
    query.limit = 50
    return [
      .welcome(welcome), .busy(busy), .reset(reset), .heartbeatReply(reply),
      .desiredState(desired), .roundOffer(offer), .roundVerdict(verdict),
      .unsupported(unsupported), .refused(refused), .agentQuery(query), .rootChain(chain),
      .noticesAcknowledged(noticed),
    ]
  }

  private static var dataUp: [Message] {
    var request = WireBlobRequest()
    request.digest = wireBytes(digest)
    request.firstChunk = 16
    request.chunkCount = 8
    request.receivedChunks = 1 << 40
    var announce = WireUpdateAnnounce()
    announce.key = round
    announce.digest = wireBytes(digest)
    announce.size = 1 << 28
    announce.samples = 400
    announce.counts = [1, 0, .max]
    announce.correct = 345
    announce.trainingMilliseconds = 950
    var chunk = WireUpdateChunk()
    chunk.key = round
    chunk.digest = wireBytes(digest)
    chunk.offset = 65_536
    var batch = WireTelemetryBatch()
    batch.bootID = wireBytes(boot)
    batch.firstSequence = 5
    batch.lastSequence = 9
    return [
      .blobRequest(request), .updateAnnounce(announce), .updateChunk(chunk),
      .telemetryBatch(batch),
    ]
  }

  private static var dataDown: [Message] {
    var chunk = WireBlobChunk()
    chunk.digest = wireBytes(digest)
    chunk.index = 17
    var missing = WireBlobMissing()
    missing.digest = wireBytes(digest)
    var wanted = WireUpdateWanted()
    wanted.key = round
    wanted.digest = wireBytes(digest)
    wanted.offset = 65_536
    wanted.creditBytes = 262_144
    var acknowledged = WireTelemetryAcknowledged()
    acknowledged.bootID = wireBytes(boot)
    acknowledged.through = 9
    return [
      .blobChunk(chunk), .blobMissing(missing), .updateWanted(wanted),
      .telemetryAcknowledged(acknowledged),
    ]
  }
}
