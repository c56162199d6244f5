/// How much a coordinator takes from one node and from all of them together.
///
/// An agent that keeps the protocol never meets the limits of one node.
package struct TrafficLimits: Sendable, Equatable {
  /// A steady rate and what may come at once on top of it.
  package struct Rate: Sendable, Equatable {
    /// Allowed each second.
    package var perSecond: UInt64
    /// Allowed at once after a quiet time.
    package var burst: UInt64

    /// A rate with its burst.
    package init(perSecond: UInt64, burst: UInt64) {
      self.perSecond = perSecond
      self.burst = burst
    }
  }

  /// Messages of one node, update chunks within their credit not counted.
  package var messages = Rate(perSecond: 1_000, burst: 2_000)
  /// Bytes of one node's frames, update chunks within their credit not counted.
  package var bytes = Rate(perSecond: 16 << 20, burst: 32 << 20)
  /// Lines about one node's refused messages, in the log and on the disk.
  package var reports = Rate(perSecond: 2, burst: 20)
  /// Greetings of all nodes: a fleet that comes back at once is taken in at this pace.
  package var greetings = Rate(perSecond: 500, burst: 250)
  /// Bytes of chunks and updates that may be on their way at a time, over all nodes.
  package var bulkBytesMax: UInt64 = 32 << 20
  /// How long a node must stay away after three malformed messages.
  package var quarantineMilliseconds: UInt32 = 30_000
  /// Longest wait that BUSY names.
  package var retryMillisecondsMax: UInt32 = 30_000
  /// Shortest wait that BUSY names to a node in conversation.
  package var retryMillisecondsMin: UInt32 = 250
  /// Silence after which bytes on their way to or from a node are given up.
  package var bulkStaleMilliseconds: UInt32 = 4_000

  /// The limits of a coordinator on a small server.
  package init() {}
}
