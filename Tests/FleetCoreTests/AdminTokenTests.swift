import FleetCore
import FleetProtocol
import Testing

/// Tokens of the admin endpoint in the core: what is kept, what ends, what the audit says.
@Suite struct AdminTokenTests {
  private func hash(_ number: Int) -> String {
    String(repeating: "0", count: 60) + String(10_000 + number).suffix(4)
  }

  private func token(
    _ bench: CoordinatorBench, _ number: Int = 1, scopes: [AdminScope] = [.read],
    minutes: Int64? = 60
  ) -> AdminToken {
    AdminToken(
      name: FleetFixture.identifier("token-\(number)"), hash: hash(number), scopes: scopes,
      createdAt: bench.now,
      expiresAt: minutes.map { bench.now.advanced(milliseconds: $0 * 60_000) })
  }

  private func code(_ response: CommandResponse?) -> String? {
    if case .refused(let code, _)? = response { code } else { nil }
  }

  private func audited(_ directives: [CoordinatorDirective]) -> [AuditEntry] {
    directives.flatMap { directive -> [AuditEntry] in
      guard case .persist(let changes) = directive else { return [] }
      return changes.compactMap { if case .audited(let entry) = $0 { entry } else { nil } }
    }
  }

  @Test func `a token is good from its making until it expires or is revoked`() throws {
    var bench = CoordinatorBench()
    #expect(bench.command(.createAdminToken(token(bench))) == .done("token-1"))
    #expect(bench.command(.createAdminToken(token(bench, 2, minutes: nil))) == .done("token-2"))
    let kept = try #require(bench.core.adminToken(hash: hash(1)))
    #expect(kept.isGood(at: bench.now))
    #expect(bench.core.adminToken(hash: hash(3)) == nil)
    #expect(bench.core.adminToken(hash: String(hash(1).dropLast())) == nil)
    bench.pass(milliseconds: 3_600_000)
    #expect(bench.core.adminToken(hash: hash(1))?.isGood(at: bench.now) == false)
    #expect(bench.core.adminToken(hash: hash(2))?.isGood(at: bench.now) == true)
    #expect(bench.command(.revokeAdminToken("token-2")) == .done("token-2"))
    #expect(bench.core.adminToken(hash: hash(2))?.isGood(at: bench.now) == false)
    #expect(bench.command(.revokeAdminToken("token-2")) == .done("token-2"))
    #expect(code(bench.command(.revokeAdminToken("token-3"))) == "unknown-token")
  }

  @Test func `what no token can be is refused`() {
    var bench = CoordinatorBench()
    bench.command(.createAdminToken(token(bench)))
    #expect(code(bench.command(.createAdminToken(token(bench)))) == "duplicate-token")
    var same = token(bench, 2)
    same.hash = hash(1)
    #expect(code(bench.command(.createAdminToken(same))) == "duplicate-token")
    #expect(code(bench.command(.createAdminToken(token(bench, 2, scopes: [])))) == "token-scope")
    #expect(code(bench.command(.createAdminToken(token(bench, 2, minutes: 0)))) == "token-expiry")
    let days = Int64(AdminToken.daysMax) * 1_440
    #expect(
      code(bench.command(.createAdminToken(token(bench, 2, minutes: days + 1)))) == "token-expiry")
    var short = token(bench, 2)
    short.hash = "ab"
    #expect(code(bench.command(.createAdminToken(short))) == "token-hash")
  }

  @Test func `a full list forgets the oldest that ended, and none that is good`() {
    var bench = CoordinatorBench()
    for number in 1...AdminToken.tokensMax {
      bench.command(.createAdminToken(token(bench, number)))
    }
    #expect(code(bench.command(.createAdminToken(token(bench, 0)))) == "tokens")
    bench.command(.revokeAdminToken("token-7"))
    #expect(bench.command(.createAdminToken(token(bench, 0))) == .done("token-0"))
    #expect(bench.core.state.adminTokens[FleetFixture.identifier("token-7")] == nil)
    #expect(bench.core.state.adminTokens.count == AdminToken.tokensMax)
  }

  @Test func `the audit names who asked, and what was missing`() {
    var bench = CoordinatorBench()
    let done = bench.handle(
      .command(.cancelJob("x"), requestID: "request-x", actor: "admin screen"))
    #expect(audited(done).map(\.actor) == ["admin screen"])
    let refused = bench.handle(
      .adminRefused(
        AdminRefusal(
          actor: "admin screen", requestID: "r", action: "POST /v1/jobs",
          outcome: "scope-federate")))
    #expect(audited(refused).map(\.outcome) == ["scope-federate"])
    #expect(audited(refused).map(\.actor) == ["admin screen"])
    #expect(bench.core.refusedFrames["admin-scope-federate"] == 1)
  }

  @Test func `refused requests fill no disk and hide nobody else's`() {
    var bench = CoordinatorBench()
    func refuse(_ actor: String) -> Int {
      audited(
        bench.handle(
          .adminRefused(
            AdminRefusal(actor: actor, requestID: "", action: "GET /", outcome: "token")))
      ).count
    }
    let rows = (0..<1_000).map { _ in refuse("unknown") }.reduce(0, +)
    #expect(rows == Int(TrafficLimits().reports.burst))
    #expect(refuse("admin screen") == 1)
    #expect(bench.core.refusedFrames["admin-token"] == 1_001)
  }

  @Test func `a use is stored once a minute`() {
    var bench = CoordinatorBench()
    bench.command(.createAdminToken(token(bench)))
    let name = FleetFixture.identifier("token-1")
    #expect(bench.handle(.adminTokenUsed(name)).count == 1)
    #expect(bench.core.state.adminTokens[name]?.usedAt == bench.now)
    #expect(bench.handle(.adminTokenUsed(name)).isEmpty)
    bench.pass(milliseconds: AdminToken.useMilliseconds)
    #expect(bench.handle(.adminTokenUsed(name)).count == 1)
  }
}
