import FleetAPI
import FleetCore
import FleetProtocol
import Workbench

/// Tokens: those with which machines join, and those of the admin endpoint itself.
extension CoordinatorService {
  func createJoinToken(_ request: JoinTokenRequest, requestID: String) async throws -> CommandView {
    let now = WallClock.now()
    return try command(
      .createJoinToken(
        JoinToken(
          name: request.name, hash: request.hash, node: request.node, createdAt: now,
          expiresAt: now.advanced(milliseconds: Int64(request.hours) * 3_600_000),
          usesLeft: request.uses)), requestID)
  }

  func revokeJoinToken(_ name: String, requestID: String) async throws -> CommandView {
    try command(.revokeJoinToken(name), requestID)
  }

  func joinTokens() async throws -> [JoinTokenView] {
    let tokens = daemon.snapshot().state.joinTokens
    return tokens.keys.sorted().compactMap { tokens[$0] }.map {
      JoinTokenView(
        name: $0.name, node: $0.node, usesLeft: $0.usesLeft,
        expiresMicroseconds: $0.expiresAt.microseconds)
    }
  }

  func createToken(_ request: TokenRequest, requestID: String) async throws -> CommandView {
    let now = WallClock.now()
    guard let name = Identifier(request.name) else {
      throw ServiceError(
        status: 400, code: "token-name",
        detail: "`\(request.name.prefix(64))` is no name; expected [a-z0-9][a-z0-9._-]{0,62}")
    }
    let expires = request.hours.map { now.advanced(milliseconds: Int64($0) * 3_600_000) }
    return try command(
      .createAdminToken(
        AdminToken(
          name: name, hash: request.hash, scopes: request.scopes, createdAt: now,
          expiresAt: expires)), requestID)
  }

  func revokeToken(_ name: String, requestID: String) async throws -> CommandView {
    try command(.revokeAdminToken(name), requestID)
  }

  func tokens() async throws -> [TokenView] {
    let (tokens, now) = (daemon.snapshot().state.adminTokens, WallClock.now())
    return tokens.keys.sorted().compactMap { tokens[$0] }.map { TokenView($0, at: now) }
  }
}

/// Who may come in: the holder of the token file, and those of tokens with a name.
struct CoordinatorDoor: AdminDoor {
  let daemon: CoordinatorDaemon
  let bootstrap: BearerToken

  func holder(hash: String) -> AdminHolder? {
    if bootstrap.hasHash(hash) { return .bootstrap }
    return daemon.holder(hash: hash)
  }

  func refuse(_ refusal: AdminRefusal) { daemon.handle(.adminRefused(refusal)) }
}
