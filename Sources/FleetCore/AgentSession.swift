import FleetProtocol

/// One endpoint's connection as the agent sees it.
///
/// Legal transitions: closed -> opening; opening -> linked or waiting; linked -> opening (libzmq
/// dials again by itself), waiting or closed; waiting -> opening.
enum Link: Sendable, Equatable {
  /// Nobody wants it.
  case closed
  /// Dialled; the handshake has not succeeded yet.
  case opening(since: Instant)
  /// The handshake succeeded.
  case linked
  /// Hung up; dialled again at that instant.
  case waiting(until: Instant)
}

/// Where the conversation with the coordinator stands.
///
/// Legal transitions: none -> greeting -> talking; any -> greeting (RESET, link lost) or held
/// (BUSY, REFUSED); held -> greeting.
enum Conversation: Sendable, Equatable {
  /// The control endpoint has no connection.
  case none
  /// HELLO was sent that many times and not answered.
  case greeting(since: Instant, tries: Int)
  /// The coordinator asked to be left alone, or refused for good.
  case held(until: Instant)
  /// WELCOME was received.
  case talking(AgentSession)
}

/// A conversation that the coordinator opened with WELCOME.
struct AgentSession: Sendable, Equatable {
  /// The number in every header.
  let number: UInt64
  /// Protocol version in every header.
  let version: UInt8
  /// Milliseconds between heartbeats.
  let heartbeatMilliseconds: UInt32
  /// Missed answers until the connection counts as dead.
  let liveness: UInt32
  /// When the last heartbeat was sent.
  var lastBeat: Instant
  /// When the coordinator was last heard on the control endpoint.
  var lastHeard: Instant
  /// Chunks received on the data connection, as BLOB_REQUEST tells them.
  var chunksReceived: UInt64
  /// Chunks asked for on the data connection.
  var chunksAsked: UInt64
  /// No chunk, update or telemetry before this instant: the coordinator said that it is busy.
  var heldUntil: Instant?
  /// Whether one batch may hold windows that stand for several.
  let takesMergedWindows: Bool
  /// Messages after which the connection is dialled afresh at the next calm moment.
  let messagesMax: UInt64
  private var lastSequence: UInt64

  init(
    number: UInt64, version: UInt8, heartbeatMilliseconds: UInt32, liveness: UInt32,
    takesMergedWindows: Bool, messagesMax: UInt64, at now: Instant
  ) {
    self.takesMergedWindows = takesMergedWindows
    self.messagesMax = messagesMax
    self.number = number
    self.version = version
    chunksReceived = 0
    chunksAsked = 0
    self.heartbeatMilliseconds = heartbeatMilliseconds
    self.liveness = liveness
    lastBeat = now
    lastHeard = now
    lastSequence = 0
  }

  /// True where the connection has carried as much as it should.
  var isWorn: Bool { lastSequence >= messagesMax }

  /// Chunks that may still come.
  var chunksOnTheWay: UInt64 { chunksAsked - min(chunksAsked, chunksReceived) }

  /// A fresh data connection, or a silence: nothing of what was asked for comes any more.
  mutating func forgetChunks(isFresh: Bool) {
    if isFresh { chunksReceived = 0 }
    chunksAsked = chunksReceived
  }

  /// Reserves sequence numbers for `count` messages and returns the first.
  mutating func reserve(_ count: UInt64 = 1) -> UInt64 {
    let first = lastSequence + 1
    lastSequence += count
    return first
  }
}
