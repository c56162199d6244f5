import FleetCore
import FleetProtocol
import GRDB

/// Carries changes of the admin endpoint's tokens into an open transaction.
struct AdminTokenWriter {
  let db: Database

  func apply(_ change: FleetChange) throws {
    switch change {
    case .adminTokenCreated(let token):
      try db.change(
        "INSERT INTO admin_token (name, hash, scopes, created_at_us, expires_at_us) "
          + "VALUES (?, ?, ?, ?, ?)",
        [
          token.name.text, token.hash, token.scopes.map(\.rawValue).joined(separator: " "),
          token.createdAt.microseconds, token.expiresAt?.microseconds,
        ])
    case .adminTokenRevoked(let name, let at): try set("revoked_at_us", at, of: name)
    case .adminTokenUsed(let name, let at): try set("used_at_us", at, of: name)
    case .adminTokenForgotten(let name):
      try db.change("DELETE FROM admin_token WHERE name = ?", [name.text])
    default: preconditionFailure("\(change) is not about a token of the admin endpoint")
    }
  }

  private func set(_ column: String, _ at: Instant, of name: Identifier) throws {
    try db.changeOne(
      "UPDATE admin_token SET \(column) = ? WHERE name = ?", [at.microseconds, name.text],
      otherwise: "unknown token \(name)")
  }
}
