import FleetCore
import FleetProtocol

extension FleetFixture {
  /// A root file of the tests' keys; `deploy` and `roots` stand in for a rotation.
  static func rootFile(
    _ version: UInt64, expires: UInt64 = farAway, roots: [SigningKey] = [root],
    deploy: [SigningKey] = [Self.deploy], publisher: [SigningKey] = [Self.publisher],
    threshold: Int = 1, signers: [SigningKey] = [root]
  ) -> [UInt8] {
    TrustRoot.makeEnvelope(
      version: version, expiresMicroseconds: expires,
      roles: [
        .root: TrustRoot.Role(threshold: threshold, keys: roots.map(\.publicKey)),
        .publisher: TrustRoot.Role(threshold: 1, keys: publisher.map(\.publicKey)),
        .deploy: TrustRoot.Role(threshold: 1, keys: deploy.map(\.publicKey)),
        .federation: TrustRoot.Role(threshold: 1, keys: [federation.publicKey]),
      ], signers: signers)
  }

  /// A sign of life so many milliseconds after noon.
  static func timestamp(
    milliseconds: Int64 = 0, snapshot: Generation = Generation(epoch: 1, number: 1),
    validMilliseconds: Int64 = 86_400_000, signer: SigningKey = deploy
  ) -> [UInt8] {
    var wire = WireTimestamp()
    let issued = noon.advanced(milliseconds: milliseconds)
    wire.snapshot = snapshot.wire
    wire.rootVersion = 1
    wire.issuedUs = UInt64(issued.microseconds)
    wire.expiresUs = UInt64(issued.advanced(milliseconds: validMilliseconds).microseconds)
    return SignedDocument.sign(SignedDocument.encoded(wire), as: .timestamp, with: [signer])
  }
}

extension AgentBench {
  @discardableResult
  mutating func follow(_ chain: [[UInt8]]) -> [AgentDirective] {
    var wire = WireRootChain()
    wire.roots = chain.map { wireBytes($0) }
    return receive(.rootChain(wire), session: session)
  }

  @discardableResult
  mutating func hear(_ timestamp: [UInt8]) -> [AgentDirective] {
    var reply = WireHeartbeatReply()
    reply.timestamp = wireBytes(timestamp)
    return receive(.heartbeatReply(reply), session: session)
  }

  /// Kinds and codes of what waits to be told.
  var noticed: [String] {
    stored.notices.map { "\($0.kind.rawValue) \($0.code)".trimmingSuffix() }
  }
}

extension String {
  fileprivate func trimmingSuffix() -> String { hasSuffix(" ") ? String(dropLast()) : self }
}

extension [AgentDirective] {
  var beats: [WireHeartbeat] {
    messages.compactMap { if case .heartbeat(let beat) = $0 { beat } else { nil } }
  }

  var notices: [WireNodeNotice] {
    messages.flatMap { message -> [WireNodeNotice] in
      if case .nodeNotices(let notices) = message { notices.notices } else { [] }
    }
  }
}
