import FleetProtocol

/// Bytes of chunks and updates that are promised and may still be on their way.
///
/// What is promised to one node is bounded by its credit, what is promised to all by `bytesMax`:
/// that bounds the memory of a coordinator whose peers are slow.
struct BulkBudget: Sendable {
  /// One node's share, and when something of it last moved.
  private struct Share {
    var down: UInt64 = 0
    var up: UInt64 = 0
    var at: Instant
  }

  let bytesMax: UInt64
  /// Promised to all nodes together.
  private(set) var promised: UInt64 = 0
  private var shares: [Identifier: Share] = [:]

  init(bytesMax: UInt64) { self.bytesMax = bytesMax }

  /// What may still be promised.
  var free: UInt64 { bytesMax - min(bytesMax, promised) }

  /// Bytes on their way to a node.
  func down(_ node: Identifier) -> UInt64 { shares[node]?.down ?? 0 }

  /// Bytes that a node may still send.
  func up(_ node: Identifier) -> UInt64 { shares[node]?.up ?? 0 }

  /// Says how much is on its way to a node now.
  mutating func set(down bytes: UInt64, _ node: Identifier, at now: Instant) {
    change(node, at: now) { $0.down = bytes }
  }

  /// More credit for a node.
  mutating func add(up bytes: UInt64, _ node: Identifier, at now: Instant) {
    change(node, at: now) { $0.up += bytes }
  }

  /// Credit that a node has used, or that was taken back.
  mutating func remove(up bytes: UInt64, _ node: Identifier, at now: Instant) {
    guard shares[node] != nil else { return }
    change(node, at: now) { $0.up -= min($0.up, bytes) }
  }

  /// Credit of an upload that was given up.
  mutating func giveBack(up bytes: UInt64, _ node: Identifier) {
    guard let at = shares[node]?.at else { return }
    remove(up: bytes, node, at: at)
  }

  /// Nothing is on its way to or from this node any more.
  mutating func forget(_ node: Identifier) {
    guard let share = shares.removeValue(forKey: node) else { return }
    promised -= share.down + share.up
  }

  /// Gives up what has not moved for so long.
  mutating func forgetStale(milliseconds: UInt32, at now: Instant) {
    for (node, share) in shares where now.milliseconds(since: share.at) > Int64(milliseconds) {
      forget(node)
    }
  }

  /// Goes on after the clock was put back.
  mutating func rewind(to now: Instant) {
    for (node, share) in shares { shares[node]?.at = min(share.at, now) }
  }

  private mutating func change(_ node: Identifier, at now: Instant, _ body: (inout Share) -> Void) {
    var share = shares[node] ?? Share(at: now)
    promised -= share.down + share.up
    body(&share)
    share.at = now
    promised += share.down + share.up
    shares[node] = share.down + share.up == 0 ? nil : share
  }
}
