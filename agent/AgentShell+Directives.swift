import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Logging
import SwiftProtobuf
import Workbench
import ZeroMQTransport

extension AgentShell {
  /// Carries out a directive that is no transaction; what it answers follows in `answers`.
  func carryOut(_ directive: AgentDirective, answers: inout [AgentEvent]) {
    switch directive {
    case .persist: preconditionFailure("transactions are carried out by their own path")
    case .open(let endpoint): transport.open(endpoint)
    case .close(let endpoint):
      if !isStopping { transport.close(endpoint) }
    case .send(let packet): send(packet)
    case .inspectChunks(let model, let chunks, let size):
      answers.append(inspect(model, chunks, size))
    case .storeChunk(let model, let index, _, let bytes):
      do throws(StoreError) {
        try blobs.putChunk(model, index: index, bytes: bytes)
      } catch {
        answers.append(.chunkFailed(model, index: index, detail: error.description))
      }
    case .assemble(let model, _): answers.append(.assembled(model, assemble(model)))
    case .compareSuccessor(let check):
      answers.append(.successorCompared(check.model, compare(check)))
    case .loadModel(let digest, let learnt): chip.post(.load(digest, learnt: learnt))
    case .serve(let digest):
      log.info("serves", metadata: ["kind": "model.serving", "subject": "\(digest)"])
      chip.post(.serve(digest))
    case .shadow(let digest, let perMille):
      log.info(
        "runs beside what serves", metadata: ["kind": "model.shadow", "subject": "\(digest)"])
      chip.post(.shadow(digest, perMille: perMille))
    case .stopShadow: chip.post(.stopShadow)
    case .probe(let digest, let inferences):
      chip.post(.probe(digest, inferences: inferences))
    case .learn(let digest, let terms): chip.post(.learn(digest, terms))
    case .pace(let perMille, let learns):
      chip.post(.pace(perMille: perMille, learns: learns))
    case .train(let order): chip.post(.train(order))
    case .stopTraining(let key):
      chip.post(.stopTraining(key))
      forget(key)
    case .sendUpdate(let order): send(order)
    case .sendOutbox(let version, let session, let sequence, let mergedTogether):
      answers.append(
        sendOutbox(
          version: version, session: session, sequence: sequence,
          mergedTogether: mergedTogether))
    case .dropBlob(let digest):
      do throws(StoreError) {
        try blobs.remove(digest)
        try blobs.sweepDownloads(keeping: Set(core.state.neededBlobs))
      } catch {
        log.warning("content left behind: \(error)", metadata: ["kind": "store.left-behind"])
      }
    case .makeNextKey: answers.append(.nextKeyMade(publicKey: makeNextKey()))
    case .adoptNextKey(let publicKey): answers.append(.nextKeyAdopted(adopt(publicKey)))
    case .answerQuery(let id, let kind, let lines):
      answers.append(.queryAnswered(answer(id, kind, lines: Int(lines))))
    case .report(let event):
      // Connections have lines of their own, which say what to do.
      log.log(
        level: event.kind.hasPrefix("link.") ? .debug : .info, "\(event.detail)",
        metadata: ["kind": "\(event.kind)", "subject": "\(event.subject)"])
    }
  }

  // MARK: models

  private func inspect(
    _ model: ContentDigest, _ chunks: [ContentDigest], _ size: UInt64
  ) -> AgentEvent {
    do throws(StoreError) {
      if try isWhole(model) { return .chunksInspected(model, present: nil) }
      let start = try blobs.prepareDownload(model, chunks: chunks, size: size)
      if start.reused > 0 {
        log.info(
          "\(start.reused) of \(chunks.count) chunks are held already",
          metadata: ["kind": "model.reused", "subject": "\(model)"])
      }
      return .chunksInspected(model, present: start.present)
    } catch {
      log.error(
        "no room or place for a download, tried again: \(error)",
        metadata: ["kind": "store.failed", "subject": "\(model)"])
      return .chunkFailed(model, index: 0, detail: error.description)
    }
  }

  private func isWhole(_ model: ContentDigest) throws(StoreError) -> Bool {
    guard try blobs.contains(model) else { return false }
    do throws(StoreError) {
      _ = try blobs.read(model)
      return true
    } catch .digestMismatch(let path, _, let found) {
      log.error(
        "\(path): damaged, its content is \(found); it is fetched again",
        metadata: ["kind": "store.damaged", "subject": "\(model)"])
      try blobs.remove(model)
      return false
    }
  }

  private func assemble(_ model: ContentDigest) -> AssemblyOutcome {
    do throws(StoreError) {
      try blobs.finishDownload(model)
      return .stored
    } catch .missing(let digest, let path) {
      return .damaged(detail: StoreError.missing(digest: digest, path: path).description)
    } catch {
      return .unavailable(detail: error.description)
    }
  }

  private func compare(_ check: SuccessorCheck) -> SuccessorOutcome {
    var digest = check.published
    do throws(StoreError) {
      let published = try blobs.read(digest)
      digest = check.model
      return SuccessorLimits.compare(
        try blobs.read(digest), published: published, permit: check.permit)
    } catch {
      return .unreadable(digest, detail: error.description)
    }
  }

  // MARK: sending

  private func send(_ packet: Packet) {
    let frames = packet.frames()
    guard transport.send(packet.message.type.rule.endpoint, frames) else {
      log.warning("message given up, too many wait", metadata: ["kind": "send.dropped"])
      return
    }
    sentBytes += UInt64(frames.reduce(0) { $0 + $1.count })
  }

  private func send(_ order: UpdateOrder) {
    let end = order.offset + order.count
    var (offset, sequence) = (order.offset, order.sequence)
    while offset < end {
      let bytes: [UInt8]
      do throws(StoreError) {
        bytes = try blobs.readRange(
          order.digest, offset: offset, count: Int(min(end - offset, UInt64(Limits.chunkBytes))))
      } catch {
        log.error(
          "stored update not readable: \(error)",
          metadata: ["kind": "store.failed", "subject": "\(order.key)"])
        return
      }
      var chunk = WireUpdateChunk()
      chunk.key = order.key.wire
      chunk.digest = wireBytes(order.digest.bytes)
      chunk.offset = offset
      send(
        Packet(
          .updateChunk(chunk), version: order.version, session: order.session,
          sequence: sequence, payload: bytes))
      offset += UInt64(bytes.count)
      sequence += 1
    }
  }

  private func sendOutbox(
    version: UInt8, session: UInt64, sequence: UInt64, mergedTogether: Bool
  ) -> AgentEvent {
    do {
      guard let next = try store.nextBatch(mergedTogether: mergedTogether),
        let first = next.windows.first,
        let last = next.windows.last
      else { return .outboxSent(last: nil, boot: []) }
      var windows = WireTelemetryWindows()
      windows.windows = next.windows
      var batch = WireTelemetryBatch()
      batch.bootID = wireBytes(next.boot)
      // An older coordinator takes a window that stands for several under its own number alone.
      batch.firstSequence = mergedTogether ? first.start : first.sequence
      batch.lastSequence = last.sequence
      send(
        Packet(
          .telemetryBatch(batch), version: version, session: session, sequence: sequence,
          payload: try windows.serializedBytes()))
      return .outboxSent(last: last.sequence, boot: next.boot)
    } catch {
      log.error("outbox not readable: \(error)", metadata: ["kind": "store.failed"])
      return .outboxSent(last: nil, boot: [])
    }
  }
}

extension AgentDirective {
  /// Whether something of it is left when the process is gone: on the disk or on the wire.
  var leavesTrace: Bool {
    switch self {
    case .persist, .send, .storeChunk, .assemble, .sendUpdate, .sendOutbox, .dropBlob,
      .makeNextKey, .adoptNextKey:
      true
    case .open, .close, .inspectChunks, .compareSuccessor, .loadModel, .serve, .shadow, .stopShadow,
      .probe, .learn, .pace, .train, .stopTraining, .answerQuery, .report:
      false
    }
  }
}
