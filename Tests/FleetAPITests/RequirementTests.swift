import FleetAPI
import Testing

/// The security requirement on the admin endpoint, named by its number.
@Suite struct RequirementTests {
  @Test func `requirement 22: the admin endpoint answers its own token alone`() async throws {
    let token = BearerToken()
    try await AdminEndpoint.serve(FixedFleet(), token: token) { endpoint in
      _ = try await FleetClient(endpoint: endpoint, token: token).status()
      let error = await #expect(throws: ServiceError.self) {
        _ = try await FleetClient(endpoint: endpoint, token: BearerToken()).status()
      }
      #expect(error?.status == 401)
    }
  }
}
