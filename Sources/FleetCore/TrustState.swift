import FleetProtocol

/// A root file that was verified when it was stored.
package struct RootRecord: Sendable, Equatable {
  /// Its version.
  package var version: UInt64
  /// The signed file as carried.
  package var envelope: [UInt8]

  /// A root file of a version.
  package init(version: UInt64, envelope: [UInt8]) {
    self.version = version
    self.envelope = envelope
  }

  /// The keys in it; nil only where the stored bytes are damaged.
  var root: TrustRoot? {
    do {
      return try TrustRoot(envelope: envelope)
    } catch {
      return nil
    }
  }
}

/// What a node knows of the coordinator's time from signatures, and when it last heard of it.
package struct SignedTime: Sendable, Equatable {
  /// The latest instant that a deploy key signed.
  package var latest: Instant
  /// When the newest timestamp document was issued; older ones are replays.
  package var issued: Instant
  /// The fleet's snapshot in that document, which never goes back.
  package var snapshot: Generation
  /// The node's clock when it came; 1970 for never.
  package var heardAt: Instant

  /// A node that never saw a signed instant.
  package init() {
    latest = Instant(microseconds: 0)
    issued = Instant(microseconds: 0)
    snapshot = .none
    heardAt = Instant(microseconds: 0)
  }

  /// Forgets what was signed, and keeps when the node last heard of it.
  package mutating func forget() {
    let heardAt = heardAt
    self = SignedTime()
    self.heardAt = heardAt
  }
}

/// What a node may tell of itself; stable names of events.
package enum NoticeKind: String, Sendable, CaseIterable {
  case rootAccepted = "root.accepted"
  case rootRefused = "root.refused"
  case timestampRefused = "timestamp.refused"
  case freezeSuspected = "freeze.suspected"
  case freezeEnded = "freeze.ended"
  case rolledBack = "model.rolled-back"
  case learningLost = "learning.lost"
  case energyShort = "energy.short"
  case energyUsedUp = "energy.used-up"
  case energySuffices = "energy.suffices"

  /// True where an operator has to look; false where that is over.
  var raisesAlarm: Bool? {
    switch self {
    case .rootRefused, .timestampRefused, .freezeSuspected, .energyUsedUp: true
    case .rootAccepted, .freezeEnded, .energySuffices: false
    case .rolledBack, .energyShort, .learningLost: nil
    }
  }
}

/// Something that a node refused or noticed, kept until the coordinator has stored it.
package struct NodeNotice: Sendable, Equatable {
  /// Longest detail in bytes.
  package static let detailBytesMax = 500

  /// Rises within a node, with holes.
  package var sequence: UInt64
  /// The node's clock.
  package var at: Instant
  /// What happened.
  package var kind: NoticeKind
  /// The check's code; empty where nothing was refused.
  package var code: String
  /// The document that was refused: root, timestamp or order.
  package var document: String
  /// What was found, what was expected, what to do.
  package var detail: String

  /// A notice with all its facts; what is too long is cut.
  package init(
    sequence: UInt64, at: Instant, kind: NoticeKind, code: String, document: String,
    detail: String
  ) {
    self.sequence = sequence
    self.at = at
    self.kind = kind
    self.code = code
    self.document = document
    self.detail = Self.cut(detail)
  }

  static func cut(_ text: String) -> String {
    guard text.utf8.count > detailBytesMax else { return text }
    var short = String(text.prefix(detailBytesMax))
    while short.utf8.count > detailBytesMax { short.removeLast() }
    return short
  }
}
