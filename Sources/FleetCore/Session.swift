package import FleetProtocol

/// One agent's conversation with this coordinator process.
///
/// Legal transitions of its liveness: online -> suspect -> offline; any -> online on traffic.
package struct Session: Sendable {
  /// How recently the node was heard.
  package enum Liveness: String, Sendable {
    case online, suspect, offline
  }

  /// Number in every header of this conversation; unique over restarts through the epoch.
  package let number: UInt64
  /// The node, as bound to its key.
  package let node: Identifier
  /// Protocol version that both sides speak.
  package let version: UInt8
  /// The agent process.
  package let boot: [UInt8]
  /// Where control messages go.
  package let control: ReplyAddress
  /// Where data messages go; nil until the agent opened that connection.
  package var data: ReplyAddress?
  /// Last traffic of any kind.
  package var lastHeard: Instant
  /// How recently the node was heard, as last reported.
  package var liveness: Liveness
  /// Malformed messages so far.
  package internal(set) var strikes: Int
  /// When each round was last offered in this conversation.
  var offers: [RoundKey: Instant]
  /// Root file that the node says it believes; 0 where it says none.
  package internal(set) var rootVersion: UInt64
  /// What the node had when it was last sent root files.
  var rootSent: RootSent?
  /// The timestamp document that the node was last sent, by its number.
  var timestampSent: UInt64
  /// True once the operator was told that the node holds what this state does not know.
  var isAhead = false
  /// Chunks sent on the data connection in this conversation.
  var chunksSent: UInt64
  /// How the node last said that it stands with its energy; nil where it has no limit.
  package internal(set) var energy: NodeEnergy?
  /// State of charge in thousandths, as the node last said; nil on mains.
  package internal(set) var chargePerMille: UInt32?
  private var lastSequence: UInt64

  init(
    number: UInt64, node: Identifier, version: UInt8, boot: [UInt8], control: ReplyAddress,
    rootVersion: UInt64 = 0, at now: Instant
  ) {
    self.number = number
    self.node = node
    self.version = version
    self.boot = boot
    self.control = control
    lastHeard = now
    liveness = .online
    strikes = 0
    offers = [:]
    self.rootVersion = rootVersion
    timestampSent = 0
    chunksSent = 0
    lastSequence = 0
  }

  /// Reserves sequence numbers for `count` messages and returns the first.
  mutating func reserve(_ count: UInt64 = 1) -> UInt64 {
    let first = lastSequence + 1
    lastSequence += count
    return first
  }
}

/// A partly received update.
struct Upload: Sendable {
  /// The announcement it answers to.
  var announce: WireUpdateAnnounce
  /// The announced digest.
  var digest: ContentDigest
  /// Bytes received in order.
  var received: UInt64
  /// First byte after the credit given so far.
  var creditEnd: UInt64
  /// True once the shell was asked to check it.
  var isChecking: Bool
  /// Where the last hole was asked for, so that each is asked for once.
  var gapAskedAt: UInt64?
}
