package import FleetCore
import FleetProtocol

/// A request in the journal, with its place in the chain of hashes.
package struct AuditView: Codable, Sendable, Equatable {
  /// Position in the journal, rising.
  package var id: Int64
  /// Microseconds since 1970 UTC.
  package var atMicroseconds: Int64
  /// Who asked.
  package var actor: String
  /// The request's id.
  package var requestID: String
  /// What it is about; nil from an older coordinator.
  package var subject: String?
  /// What was asked.
  package var action: String
  /// `done`, or the refusal's code.
  package var outcome: String
  /// Hash over the row and the one before it, 64 hexadecimal digits.
  package var hash: String

  /// A row as it is stored.
  package init(id: Int64, entry: AuditEntry, hash: [UInt8]) {
    self.id = id
    atMicroseconds = entry.at.microseconds
    actor = entry.actor
    requestID = entry.requestID
    subject = entry.subject
    action = entry.action
    outcome = entry.outcome
    self.hash = Hex.text(hash)
  }
}
