package import FleetProtocol

/// What a token of the admin endpoint lets its holder do.
package enum AdminScope: String, Sendable, Codable, CaseIterable {
  /// See the fleet: nodes, jobs, telemetry, events, the audit.
  case read
  /// Take nodes in and out of the fleet, and order them about; make join tokens.
  case operate
  /// Add models and say what nodes run.
  case deploy
  /// Start and cancel federated jobs.
  case federate
  /// Everything, and alone: root files and the tokens of this endpoint.
  case admin

  /// True where a token with these scopes may do what needs this one.
  ///
  /// Every scope lets its holder read; `admin` stands for all.
  package func isHeld(among scopes: [AdminScope]) -> Bool {
    scopes.contains(self) || scopes.contains(.admin) || (self == .read && !scopes.isEmpty)
  }
}

/// A secret of a person or a program that talks to the admin endpoint; its hash alone is kept.
///
/// Not a join token, which lets machines in and opens nothing here.
package struct AdminToken: Sendable, Equatable {
  /// Tokens that may be good at a time, and ended ones that are still listed.
  package static let tokensMax = 1_000
  /// Longest validity.
  package static let daysMax: UInt32 = 3_660
  /// A use is stored at most once in that time.
  package static let useMilliseconds: Int64 = 60_000

  /// What it is called in the audit.
  package var name: Identifier
  /// SHA-256 of its text, 64 hexadecimal digits.
  package var hash: String
  /// What it lets its holder do, in the order of `AdminScope`, each once.
  package var scopes: [AdminScope]
  /// When it was made.
  package var createdAt: Instant
  /// When it stops to be good; nil for never.
  package var expiresAt: Instant?
  /// When it was revoked; nil while it was not.
  package var revokedAt: Instant?
  /// When it was last good for a request, to a minute; nil while it never was.
  package var usedAt: Instant?

  /// A token that was just made.
  package init(
    name: Identifier, hash: String, scopes: [AdminScope], createdAt: Instant, expiresAt: Instant?
  ) {
    self.name = name
    self.hash = hash
    self.scopes = AdminScope.allCases.filter(scopes.contains)
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }

  /// True while it opens anything.
  package func isGood(at now: Instant) -> Bool {
    revokedAt == nil && expiresAt.map { now < $0 } ?? true
  }
}

/// Who made a request of the admin endpoint.
package struct AdminHolder: Sendable, Equatable {
  /// How the audit names it: `admin` for the token file, `admin NAME` for a token with a name.
  package var actor: String
  /// What it may do.
  package var scopes: [AdminScope]

  /// A holder with its facts.
  package init(actor: String, scopes: [AdminScope]) {
    self.actor = actor
    self.scopes = scopes
  }

  /// The holder of the token file: everything.
  package static let bootstrap = AdminHolder(actor: "admin", scopes: [.admin])
}

/// A request that the admin endpoint turned away for want of a scope or a good token.
package struct AdminRefusal: Sendable, Equatable {
  /// Who asked; `unknown` where no token with a name was shown.
  package var actor: String
  /// The request's id, empty where there is none.
  package var requestID: String
  /// The route that was asked for.
  package var action: String
  /// Why not: `token`, or `scope-` and the one that is missing.
  package var outcome: String

  /// A refusal with its facts.
  package init(actor: String, requestID: String, action: String, outcome: String) {
    self.actor = actor
    self.requestID = requestID
    self.action = action
    self.outcome = outcome
  }
}

/// Compares two hashes as texts, in the same time wherever they differ.
func isSameHash(_ one: String, _ other: String) -> Bool {
  zip(one.utf8, other.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    && one.utf8.count == other.utf8.count
}
