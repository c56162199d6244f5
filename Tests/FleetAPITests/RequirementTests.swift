import FleetAPI
import Logging
import Testing

/// The security requirement on the admin endpoint, named by its number.
@Suite struct RequirementTests {
  @Test func `requirement 22: the admin endpoint answers its own token alone`() async throws {
    var quiet = Logger(label: "test")
    quiet.logLevel = .critical
    let token = BearerToken()
    let server = AdminServer(
      service: FixedFleet(), token: token, host: "127.0.0.1", port: 0, logger: quiet)
    let (ports, continuation) = AsyncStream.makeStream(
      of: Int.self, bufferingPolicy: .bufferingNewest(1))
    let running = Task { try await server.run { continuation.yield($0) } }
    defer { running.cancel() }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next())
    let endpoint = "http://127.0.0.1:\(port)"
    _ = try await FleetClient(endpoint: endpoint, token: token).status()
    let error = await #expect(throws: ServiceError.self) {
      _ = try await FleetClient(endpoint: endpoint, token: BearerToken()).status()
    }
    #expect(error?.status == 401)
  }
}
