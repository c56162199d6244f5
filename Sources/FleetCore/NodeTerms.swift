import FleetProtocol

/// On which terms an accepted node belongs to the fleet: all of it the coordinator's to say.
package struct NodeTerms: Sendable, Equatable, Codable {
  /// Whether a node takes new work.
  ///
  /// Legal transitions: any to any, by an operator alone.
  package enum Duty: String, Sendable, Codable, CaseIterable {
    /// Deployments and rounds reach it.
    case open
    /// Nothing new reaches it; what it has goes on.
    case cordoned
    /// Like cordoned; drained as soon as no round waits for it.
    case draining
  }

  /// Labels on one node.
  package static let labelsMax = 32
  /// Characters kept of what an agent calls its version.
  package static let agentVersionMax = 64

  /// Whether it takes new work.
  package var duty: Duty
  /// What operators select it by.
  package var labels: [String: String]
  /// When its key was revoked; nil while the node may come in.
  package var revokedAt: Instant?
  /// True from `rotateKey` until the first session with the new key.
  package var isRotating: Bool
  /// The key that will take the place of the present one; good beside it until it is used.
  package var nextKey: String?
  /// What its agent called its version in the last HELLO; empty before the first.
  package var agentVersion: String
  /// Inferences a second that it makes when nothing holds it back; nil where it never said.
  package var inferencesPerSecond: Double?
  /// Why no federated round asks it; nil where they may.
  package var quarantine: Quarantine?
  /// Updates of it that were refused since the last one that counted; nil for none.
  package var offences: UInt32?

  /// The terms of a node that was just accepted.
  package init() {
    duty = .open
    labels = [:]
    isRotating = false
    agentVersion = ""
  }

  /// True where new work may be given to the node.
  package var takesWork: Bool { duty == .open && revokedAt == nil }

  /// True for a label's name: `[a-z0-9][a-z0-9._/-]{0,62}`.
  package static func isLabelName(_ text: String) -> Bool {
    // A slash sets apart whose label it is; no label ever becomes a path.
    Identifier(text.replacing("/", with: "-")) != nil && text.utf8.first != 0x2F
  }

  /// True for a label's value: `[A-Za-z0-9._-]{0,63}`.
  package static func isLabelValue(_ text: String) -> Bool {
    text.utf8.count <= 63
      && text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x61...0x7A).contains(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D
      }
  }
}

/// A node that no federated round asks until an operator pardons it.
package struct Quarantine: Sendable, Equatable, Codable {
  /// Since when.
  package var at: Instant
  /// Why, in words.
  package var reason: String

  /// A quarantine with its facts.
  package init(at: Instant, reason: String) {
    self.at = at
    self.reason = reason
  }
}

/// A key that no node may come in with.
package struct BarredKey: Sendable, Equatable, Codable {
  /// Why it is barred.
  package enum Reason: String, Sendable, Codable {
    /// An operator turned it away; `node accept` takes it all the same.
    case rejected
    /// It was a node's and was revoked or replaced; it never comes back.
    case retired
  }

  /// Keys turned away that are remembered; the one turned away longest ago makes room.
  package static let rejectedMax = 1_000

  /// The CURVE public key as 40 Z85 characters.
  package var publicKey: String
  /// Why.
  package var reason: Reason
  /// Since when.
  package var at: Instant

  /// A barred key with its facts.
  package init(publicKey: String, reason: Reason, at: Instant) {
    self.publicKey = publicKey
    self.reason = reason
    self.at = at
  }
}

/// What an operator asks about one accepted node.
package enum NodeOrder: Sendable, Equatable {
  /// Its key is good no longer; the live session ends at once.
  case revoke
  /// Set these labels and take those away.
  case label(set: [String: String], remove: [String])
  /// No new deployments or rounds.
  case cordon
  /// Takes work again.
  case uncordon
  /// Cordon, and finish the open rounds, or give them back now.
  case drain(giveBack: Bool)
  /// Have the agent make a new key, good beside the present one until it is first used.
  case rotateKey
  /// No federated round asks it until it is pardoned; what it serves goes on.
  case quarantine(reason: String)
  /// Rounds ask it again.
  case pardon
  /// Go back from weights that rounds have learnt to the published ones, and leave open rounds.
  case resetLearning
  /// New hardware with this key under the node's name.
  case replace(publicKey: String)
}
