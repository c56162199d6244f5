import FleetAPI
import FleetCore
import Synchronization
import Testing

/// The security requirement on the admin endpoint, named by its number.
@Suite struct RequirementTests {
  @Test func `requirement 22: a token opens what its scope names, under its name`() async throws {
    let (token, fleet) = (BearerToken(), FixedFleet())
    let door = FixedDoor([(token, AdminHolder(actor: "admin screen", scopes: [.read]))])
    try await AdminEndpoint.serve(fleet, door: door) { endpoint in
      let client = FleetClient(endpoint: endpoint, token: token)
      _ = try await client.status()
      let error = await #expect(throws: ServiceError.self) {
        _ = try await client.cancelJob("learn", requestID: "request-1")
      }
      #expect(error?.status == 403)
      #expect(error?.detail.contains("`federate`") == true)
      #expect(fleet.commands.withLock { $0 }.isEmpty)
      #expect(fleet.holders.withLock { $0 } == ["admin screen"])
      #expect(door.refusals.withLock { $0 }.map(\.outcome) == ["scope-federate"])
    }
  }

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
