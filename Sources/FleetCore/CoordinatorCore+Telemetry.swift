import FleetProtocol
import SwiftProtobuf

/// Batches that came since the last transaction of telemetry.
///
/// A commit costs the disk about the same whatever is in it, so that thousands of agents can report
/// a window each only when many batches share one. They wait for the next tick at most.
struct TelemetryIntake: Sendable {
  /// What came in one message: windows that hold each other's counters, in order.
  struct Batch: Sendable {
    var node: Identifier
    var boot: [UInt8]
    var windows: [WireTelemetryWindow]
  }

  /// Windows that may wait; more are stored at once.
  static let windowsMax = 2_048
  /// Payload bytes that may wait; more are stored at once.
  static let bytesMax = 4 << 20

  private(set) var batches: [Batch] = []
  private var windows = 0
  private var bytes = 0

  var isFull: Bool { windows >= Self.windowsMax || bytes >= Self.bytesMax }

  mutating func add(_ batch: Batch, bytes count: Int) {
    batches.append(batch)
    windows += batch.windows.count
    bytes += count
  }
}

extension CoordinatorCore {
  /// Takes a batch of telemetry; it is stored and acknowledged with others at the next tick, a full
  /// one at once.
  mutating func take(
    _ batch: WireTelemetryBatch, payload: [UInt8], node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {
    guard let windows = windows(of: batch, payload: payload), state.nodes[node] != nil else {
      count("telemetry")
      return
    }
    intake.add(
      TelemetryIntake.Batch(node: node, boot: [UInt8](batch.bootID), windows: windows),
      bytes: payload.count)
    // A node with so much to say has more behind it, and its newest windows wait for the rest.
    let isBacklog = windows.count == Limits.telemetryWindowsMax
    if isBacklog || intake.isFull { storeTelemetry(at: now, into: &directives) }
  }

  /// Stores all batches that wait in one transaction and acknowledges each after it.
  ///
  /// Windows stored before are acknowledged again. An agent sends a batch only after the one before
  /// was acknowledged, so a gap means that the windows in between are gone at the node: it is
  /// recorded, and as counters are cumulative no sum is wrong.
  mutating func storeTelemetry(
    at now: Instant, into directives: inout [CoordinatorDirective]
  ) {
    let batches = intake.batches
    intake = TelemetryIntake()
    var changes: [FleetChange] = []
    var reached: [Identifier: [[UInt8]: UInt64]] = [:]
    var answers: [(node: Identifier, WireTelemetryAcknowledged)] = []
    for batch in batches {
      // An operator may have removed the node meanwhile.
      guard let record = state.nodes[batch.node] else { continue }
      let through =
        reached[batch.node]?[batch.boot] ?? record.telemetryThrough(boot: batch.boot)
      let fresh = batch.windows.filter { $0.sequence > through }
      let end = fresh.last?.sequence ?? through
      reached[batch.node, default: [:]][batch.boot] = end
      if let first = fresh.first {
        changes.append(
          .telemetryStored(batch.node, boot: batch.boot, windows: fresh, at: now))
        if first.start > through + 1 {
          let detail = "windows \(through + 1) to \(first.start - 1) were never received"
          changes.append(.event(FleetEvent(batch.node, "telemetry.gap", detail, at: now)))
        }
        note(merged: fresh, of: batch.node, at: now, in: &changes)
      }
      var acknowledged = WireTelemetryAcknowledged()
      acknowledged.bootID = wireBytes(batch.boot)
      acknowledged.through = end
      answers.append((batch.node, acknowledged))
    }
    persist(changes, into: &directives)
    for (node, answer) in answers {
      send(.telemetryAcknowledged(answer), to: node, into: &directives)
    }
  }

  /// Tells the operator once a batch that a node had no room for all windows.
  private func note(
    merged windows: [WireTelemetryWindow], of node: Identifier, at now: Instant,
    in changes: inout [FleetChange]
  ) {
    let coarse = windows.filter { $0.mergedFrom != 0 }
    guard let first = coarse.first, let last = coarse.last else { return }
    let span = coarse.reduce(UInt64(0)) { $0 + ($1.sequence - $1.start + 1) }
    let detail =
      "windows \(first.start) to \(last.sequence): \(span) came as \(coarse.count), "
      + "the node had no room for more"
    changes.append(.event(FleetEvent(node, "telemetry.merged", detail, at: now)))
  }

  /// Decodes a batch; nil unless boot, range, order and sizes are what the header says.
  private func windows(
    of batch: WireTelemetryBatch, payload: [UInt8]
  ) -> [WireTelemetryWindow]? {
    guard batch.bootID.count == Limits.bootIDBytes, batch.firstSequence > 0,
      batch.lastSequence >= batch.firstSequence, batch.lastSequence <= UInt64(Int64.max)
    else { return nil }
    let decoded: WireTelemetryWindows
    do {
      decoded = try WireTelemetryWindows(serializedBytes: payload)
    } catch {
      return nil
    }
    guard (1...Limits.telemetryWindowsMax).contains(decoded.windows.count),
      decoded.windows.last?.sequence == batch.lastSequence
    else { return nil }
    // One that stands for several may come alone under its own number, for older coordinators.
    let isAlone = decoded.windows.count == 1 && batch.firstSequence == batch.lastSequence
    var next = isAlone ? decoded.windows[0].start : batch.firstSequence
    for window in decoded.windows {
      guard window.start == next, window.sequence >= window.start,
        window.sequence <= batch.lastSequence,
        window.isBounded,
        window.atUs <= UInt64(Int64.max), window.learningState.utf8.count <= 128,
        window.lostWindows <= UInt64(Int64.max)
      else { return nil }
      next = window.sequence + 1
    }
    return decoded.windows
  }
}

extension WireTelemetryWindow {
  /// True where no list is longer than the kinds of events, and a digest is one or absent.
  package var isBounded: Bool {
    let digests = [modelDigest, priceDigest, shadow.modelDigest]
    let counts = [inferenceCounts, learningCounts, shadow.servingCounts, shadow.shadowCounts]
    return digests.allSatisfy { $0.isEmpty || $0.count == 32 }
      && counts.allSatisfy { $0.count <= Limits.eventKindsMax }
  }

  /// First sequence that this window stands for.
  package var start: UInt64 { mergedFrom == 0 ? sequence : mergedFrom }
}
