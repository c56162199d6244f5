import FleetCore
import FleetProtocol
import Testing

/// Join tokens in the core: who is let in, and what a stranger cannot change.
@Suite struct EnrolmentTests {
  private static let hash = String(repeating: "ab", count: 32)

  private func token(
    _ bench: CoordinatorBench, uses: UInt32 = 1, node: String? = nil, minutes: Int64 = 60
  ) -> JoinToken {
    JoinToken(
      name: "site", hash: Self.hash, node: node, createdAt: bench.now,
      expiresAt: bench.now.advanced(milliseconds: minutes * 60_000), usesLeft: uses)
  }

  private func enrol(
    _ bench: inout CoordinatorBench, key: Int = 7, node: String = "node-d", hash: String? = nil
  ) -> Bool {
    let publicKey = FleetFixture.publicKey(key)
    let before = bench.core.state
    let directives = bench.handle(
      .enrolment(
        EnrolmentRequest(tokenHash: hash ?? Self.hash, publicKey: publicKey, node: node)))
    let isIn = directives.contains(
      .allowKey(publicKey: publicKey, node: FleetFixture.identifier(node)))
    if !isIn { #expect(bench.core.state == before, "a refusal changes nothing on the disk") }
    return isIn
  }

  @Test func `requirement 7: a token lets one node in, once, before it expires`() {
    var bench = CoordinatorBench()
    #expect(bench.command(.createJoinToken(token(bench))) == .done("site"))
    #expect(!enrol(&bench, hash: String(repeating: "ac", count: 32)))
    #expect(!enrol(&bench, hash: String(Self.hash.dropLast())))
    #expect(enrol(&bench))
    #expect(!enrol(&bench, key: 8, node: "node-e"), "it is spent")
    #expect(bench.core.state.joinTokens.values.map(\.usesLeft) == [0])
    #expect(bench.core.refusedFrames["enrol-token"] == 3)
    var other = CoordinatorBench()
    other.command(.createJoinToken(token(other)))
    other.pass(milliseconds: 3_600_000)
    #expect(!enrol(&other), "it has expired")
  }

  @Test func `a repeat of what was let in costs no use`() {
    var bench = CoordinatorBench()
    bench.command(.createJoinToken(token(bench, uses: 2)))
    #expect(enrol(&bench))
    #expect(!enrol(&bench))
    #expect(bench.core.state.joinTokens.values.map(\.usesLeft) == [1])
    #expect(enrol(&bench, key: 8, node: "node-e"))
  }

  @Test func `a token takes over no name, no other key and nobody who was turned away`() {
    var bench = CoordinatorBench()
    bench.command(.createJoinToken(token(bench, uses: 9)))
    #expect(!enrol(&bench, node: "node-a"), "an accepted name")
    #expect(!enrol(&bench, key: 1), "another node's key")
    bench.command(.rejectKey(publicKey: FleetFixture.publicKey(7)))
    #expect(!enrol(&bench), "a key that was rejected")
    bench.command(.node("node-b", .revoke))
    #expect(!enrol(&bench, key: 1, node: "node-e"), "a key that was revoked")
    #expect(bench.core.state.joinTokens.values.map(\.usesLeft) == [9])
  }

  @Test func `a token may be for one name, and is revoked`() {
    var bench = CoordinatorBench()
    bench.command(.createJoinToken(token(bench, uses: 9, node: "node-d")))
    #expect(!enrol(&bench, node: "node-e"))
    #expect(enrol(&bench))
    #expect(bench.command(.revokeJoinToken("site")) == .done("site"))
    #expect(!enrol(&bench, key: 8, node: "node-f"))
  }

  @Test func `tokens keep to their limits`() {
    var bench = CoordinatorBench()
    func code(_ change: (inout JoinToken) -> Void) -> String? {
      var token = token(bench)
      change(&token)
      guard case .refused(let code, _) = bench.command(.createJoinToken(token)) else { return nil }
      return code
    }
    #expect(code { $0.name = "../x" } == "token-name")
    #expect(code { $0.hash = "12" } == "token-hash")
    #expect(code { $0.node = "/" } == "node-name")
    #expect(code { $0.usesLeft = 0 } == "token-uses")
    #expect(code { $0.usesLeft = JoinToken.usesMax + 1 } == "token-uses")
    #expect(code { $0.expiresAt = bench.now } == "token-expiry")
    #expect(
      code { $0.expiresAt = bench.now.advanced(milliseconds: 367 * 86_400_000) } == "token-expiry")
    #expect(code { _ in } == nil)
    #expect(code { _ in } == "duplicate-token")
  }

  @Test func `strangers are looked at at a pace`() {
    var pace = EnrolmentPace(perSecond: 5, at: FleetFixture.noon)
    let taken = (0..<100).filter { _ in pace.take(at: FleetFixture.noon) }.count
    #expect(taken == Int(EnrolmentPace.burst))
    let isOpenAgain = pace.take(at: FleetFixture.noon.advanced(milliseconds: 200))
    #expect(isOpenAgain)
  }
}
