import FleetAPI
import FleetCore
import Testing

@Suite struct TelemetryQueryTests {
  @Test func `a question reaches the service as it was asked`() async throws {
    let query = TelemetryQuery(
      since: Instant(microseconds: 5), until: Instant(microseconds: 70), tier: "minute",
      groupBy: [.model, .node, .label(nil), .label("site")], metrics: [.joules, .accuracy],
      isSummed: true)
    let token = BearerToken()
    try await AdminEndpoint.serve(FixedFleet(), token: token) { endpoint in
      let client = FleetClient(endpoint: endpoint, token: token)
      let answer = try await client.telemetry(query)
      #expect(answer.tier == "minute")
      #expect(answer.groupBy == ["model", "node", "label", "label.site"])
      #expect(answer.metrics == ["joules", "accuracy"])
      #expect(answer.sinceMicroseconds == 5)
      #expect(answer.untilMicroseconds == 70)
    }
  }

  @Test func `a span that ends before it begins is refused with what to say instead`() async throws
  {
    let query = TelemetryQuery(
      since: Instant(microseconds: 70), until: Instant(microseconds: 70))
    let token = BearerToken()
    try await AdminEndpoint.serve(FixedFleet(), token: token) { endpoint in
      let client = FleetClient(endpoint: endpoint, token: token)
      let error = await #expect(throws: ServiceError.self) { try await client.telemetry(query) }
      #expect(error?.detail.contains("before `until`") == true)
    }
  }
}
