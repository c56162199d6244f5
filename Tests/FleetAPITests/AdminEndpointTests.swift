import AsyncHTTPClient
import FleetAPI
import FleetCore
import FleetProtocol
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// Client and server against each other, over a real socket on a free port.
@Suite struct AdminEndpointTests {
  private let fleet = FixedFleet()
  private let token = BearerToken()

  private func withEndpoint(
    _ body: (FleetClient, String) async throws -> Void
  ) async throws {
    try await AdminEndpoint.serve(fleet, token: token) { endpoint in
      try await body(FleetClient(endpoint: endpoint, token: token), endpoint)
    }
  }

  @Test func `what the service says arrives as it was said`() async throws {
    try await withEndpoint { client, _ in
      let (status, nodes) = (try await fleet.status(), try await fleet.nodes())
      #expect(try await client.status() == status)
      #expect(try await client.nodes() == nodes)
      let events = try await fleet.events(after: 41, about: nil, limit: 7)
      #expect(try await client.events(after: 41, about: nil, limit: 7) == events)
      let about = try await client.events(after: 41, about: "north", limit: 7)
      #expect(about.map(\.detail) == ["limit 7 about north"])
      #expect(try await client.roots() == fleet.roots())
      #expect(try await client.top().isEmpty)
    }
  }

  @Test func `commands carry their request id and their body`() async throws {
    try await withEndpoint { client, _ in
      let accepted = try await client.accept(
        AcceptRequest(name: "north", publicKey: "abc"), requestID: "request-1")
      #expect(accepted == CommandView(done: true, code: "", detail: "accept north abc request-1"))
      let refused = try await client.deploy(
        DeployRequest(model: "digits", nodes: []), requestID: "request-2")
      #expect(refused == CommandView(done: false, code: "chip", detail: "the chip differs"))
      _ = try await client.cancelJob("learn", requestID: "request-3")
      #expect(
        fleet.commands.withLock { $0 } == ["accept north abc request-1", "cancel learn"])
    }
  }

  @Test func `jobs are planned, paused and explained by name`() async throws {
    try await withEndpoint { client, _ in
      let job = JobSpecification(
        name: "learn", model: "digits", rounds: 2, samplesPerRound: 10, nodes: ["node-a"],
        minimumReports: 1, deadlineMilliseconds: 1_000, attemptsMax: 1, maxRegression: 2, seed: 1,
        cohort: CohortTerms(target: 1, askedPerMille: 1_300))
      let plan = try await client.planJob(job)
      #expect(plan.specification == job && plan.nodes.first?.hindrance == "offline")
      let error = await #expect(throws: ServiceError.self) {
        _ = try await client.explain(job: "learn", round: 3, attempt: 2)
      }
      #expect(error?.detail == "job learn round 3 attempt 2")
      for verb in JobRequest.Verb.allCases {
        _ = try await client.orderJob(JobRequest(verb), name: "learn", requestID: "request-\(verb)")
      }
      #expect(fleet.commands.withLock { $0 } == ["pause job learn", "resume job learn"])
    }
  }

  @Test func `reports, models and their differences are asked for by name`() async throws {
    try await withEndpoint { client, _ in
      let usual = try await client.report("learn", radio: .assumed)
      let expected = try await fleet.report("learn", radio: .assumed)
      #expect(usual == expected)
      let stated = try #require(RadioPrice(statedNanojoules: 12.5))
      let priced = try await client.report("learn", radio: stated)
      #expect(priced.radio == stated)
      let all = try await client.reports()
      #expect(all.isEmpty)
      await #expect(throws: ServiceError(status: 404, code: "model-unknown", detail: "digits")) {
        _ = try await client.model("digits")
      }
      await #expect(throws: ServiceError(status: 409, code: "structure", detail: "a and b")) {
        _ = try await client.difference(from: "a", to: "b")
      }
      for wrong in ["", "../a", "A", String(repeating: "a", count: 65)] {
        let error = await #expect(throws: ServiceError.self) { _ = try await client.model(wrong) }
        #expect(error?.code == "model-name")
      }
      _ = try await client.rollBackJob(
        "learn", RollbackRequest(round: 3), requestID: "request-4")
      #expect(fleet.commands.withLock { $0 } == ["roll back learn to 3"])
    }
  }

  @Test func `a price of a byte that is none is refused`() async throws {
    try await withEndpoint { _, endpoint in
      var request = HTTPClientRequest(
        url: endpoint + "/v1/jobs/learn/report?radioNanojoules=-1")
      request.headers.add(name: "Authorization", value: "Bearer \(token.text)")
      let status = try await status(of: request)
      #expect(status == 400)
    }
  }

  @Test func `a model's bytes come back as they were put`() async throws {
    try await withEndpoint { client, _ in
      let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let digest = try #require(ContentDigest([UInt8](repeating: 3, count: 32)))
      try await client.putBlob(bytes, digest: digest)
      #expect(try await client.blob(digest) == bytes)
    }
  }

  @Test func `refusals keep their status, code and reason`() async throws {
    try await withEndpoint { client, _ in
      let node = try #require(Identifier("south"))
      await #expect(
        throws: ServiceError(status: 404, code: "node-unknown", detail: "south limit 5")
      ) { _ = try await client.telemetry(node: node, limit: 5) }
    }
  }

  @Test func `a missing or wrong token opens nothing`() async throws {
    try await withEndpoint { _, endpoint in
      let stranger = FleetClient(endpoint: endpoint, token: BearerToken())
      let error = await #expect(throws: ServiceError.self) { _ = try await stranger.status() }
      #expect(error?.status == 401)
      #expect(error?.code == "token")
      for path in ["/v1/nodes", "/v1/nothing"] {
        let status = try await status(of: HTTPClientRequest(url: endpoint + path))
        #expect(status == 401)
      }
    }
  }

  @Test(arguments: [
    ("/v1/nodes", "{\"publicKey\":\"k\"}", "request-1", 400),
    ("/v1/nodes", "{\"name\":\"a\"}", "short", 400),
    ("/v1/nodes", "no json", "request-1", 400),
    ("/v1/nothing", "{}", "request-1", 404),
  ])
  func `a body or header that does not fit is refused`(
    path: String, body: String, requestID: String, expected: UInt
  ) async throws {
    try await withEndpoint { _, endpoint in
      var request = HTTPClientRequest(url: endpoint + path)
      request.method = .POST
      request.headers.add(name: "Authorization", value: "Bearer \(token.text)")
      request.headers.add(name: "Request-Id", value: requestID)
      request.body = .bytes(ByteBuffer(string: body))
      let status = try await status(of: request)
      #expect(status == expected)
      #expect(fleet.commands.withLock { $0 }.isEmpty)
    }
  }

  @Test func `a coordinator that is not there is named`() async throws {
    let client = FleetClient(endpoint: "http://127.0.0.1:1", token: token)
    let error = await #expect(throws: ServiceError.self) { _ = try await client.status() }
    #expect(error?.code == "unreachable")
    #expect(error?.detail.contains("http://127.0.0.1:1") == true)
  }

  @Test func `a token is 64 hexadecimal digits and nothing else`() {
    #expect(BearerToken(" \(token.text)\n")?.text == token.text)
    #expect(BearerToken(String(token.text.dropLast())) == nil)
    #expect(BearerToken(String(repeating: "g", count: 64)) == nil)
    #expect(BearerToken().text != token.text)
  }

  private func status(of request: HTTPClientRequest) async throws -> UInt {
    try await HTTPClient.shared.execute(request, timeout: .seconds(120)).status.code
  }
}
