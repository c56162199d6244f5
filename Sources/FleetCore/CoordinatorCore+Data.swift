import FleetProtocol

extension CoordinatorCore {
  /// Gives chunks of a model the coordinator holds, within the credit of the request.
  mutating func serve(
    _ request: WireBlobRequest, node: Identifier, _ header: FrameHeader, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let digest = ContentDigest(request.digest), let model = state.models[digest] else {
      var missing = WireBlobMissing()
      missing.digest = request.digest.prefix(32)
      send(.blobMissing(missing), to: node, correlation: header.sequence, into: &directives)
      return
    }
    let chunk = UInt64(Limits.chunkBytes)
    let total = (model.size + chunk - 1) / chunk
    guard UInt64(request.firstChunk) < total, request.chunkCount > 0,
      var session = sessions[node], let address = session.data
    else {
      count("chunk-range")
      return
    }
    let rest = total - UInt64(request.firstChunk)
    // Version 1 does not say what was received: a request there stands for all before it. In any
    // version nothing is on its way any more when it was given up.
    if session.version < Limits.busyInSessionVersion || bulk.down(node) == 0 {
      session.chunksSent = request.receivedChunks
    }
    let onTheWay = session.chunksSent - min(session.chunksSent, request.receivedChunks)
    let room = UInt64(Limits.chunkCreditMax) - min(UInt64(Limits.chunkCreditMax), onTheWay)
    let credit = min(UInt64(request.chunkCount), room, rest)
    guard credit > 0 else {
      count("chunk-credit")
      return
    }
    guard (onTheWay + credit) * chunk <= bulk.down(node) + bulk.free else {
      count("bulk-budget")
      askToWait(node, 0, "many nodes transfer at once", at: now, into: &directives)
      return
    }
    session.chunksSent += credit
    bulk.set(down: (onTheWay + credit) * chunk, node, at: now)
    let order = ChunkOrder(
      version: session.version, session: session.number, sequence: session.reserve(credit),
      correlation: header.sequence, digest: digest, first: request.firstChunk,
      count: UInt32(credit))
    sessions[node] = session
    directives.append(.sendChunks(address, order))
  }
}
