import FleetProtocol
import SwiftProtobuf

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

  /// Stores new telemetry windows and acknowledges them after the transaction.
  ///
  /// Windows stored before are acknowledged again. An agent sends a batch only after the one before
  /// was acknowledged, so a gap means that its full outbox dropped the windows in between: it is
  /// recorded, and as counters are cumulative no sum is wrong.
  mutating func store(
    _ batch: WireTelemetryBatch, payload: [UInt8], node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    let boot = [UInt8](batch.bootID)
    guard let windows = windows(of: batch, payload: payload), let record = state.nodes[node] else {
      count("telemetry")
      return
    }
    let through = record.telemetryThrough(boot: boot)
    let fresh = windows.filter { $0.sequence > through }
    if let first = fresh.first {
      var changes: [FleetChange] = [
        .telemetryStored(node, boot: boot, windows: fresh, at: now)
      ]
      if first.sequence > through + 1 {
        let detail = "windows \(through + 1) to \(first.sequence - 1) were never received"
        changes.append(.event(FleetEvent(node, "telemetry.gap", detail, at: now)))
      }
      persist(changes, into: &directives)
    }
    var acknowledged = WireTelemetryAcknowledged()
    acknowledged.bootID = batch.bootID
    acknowledged.through = state.nodes[node]?.telemetryThrough(boot: boot) ?? 0
    send(.telemetryAcknowledged(acknowledged), to: node, into: &directives)
  }

  /// Decodes a batch; nil unless boot, range, order and sizes are what the header says.
  private func windows(
    of batch: WireTelemetryBatch, payload: [UInt8]
  ) -> [WireTelemetryWindow]? {
    guard batch.bootID.count == Limits.bootIDBytes, batch.firstSequence > 0,
      batch.lastSequence >= batch.firstSequence, batch.lastSequence <= UInt64(Int64.max),
      batch.lastSequence - batch.firstSequence < UInt64(Limits.telemetryWindowsMax)
    else { return nil }
    let decoded: WireTelemetryWindows
    do {
      decoded = try WireTelemetryWindows(serializedBytes: payload)
    } catch {
      return nil
    }
    let count = Int(batch.lastSequence - batch.firstSequence) + 1
    guard decoded.windows.count == count else { return nil }
    for (offset, window) in decoded.windows.enumerated() {
      guard window.sequence == batch.firstSequence + UInt64(offset),
        window.inferenceCounts.count <= Limits.eventKindsMax,
        window.learningCounts.count <= Limits.eventKindsMax,
        window.priceDigest.isEmpty || window.priceDigest.count == 32,
        window.modelDigest.isEmpty || window.modelDigest.count == 32,
        window.atUs <= UInt64(Int64.max), window.learningState.utf8.count <= 128
      else { return nil }
    }
    return decoded.windows
  }
}
