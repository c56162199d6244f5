import FleetAPI
import FleetCore
import Logging
import Synchronization
import Testing

/// A server of the admin endpoint on a free port, for as long as a test needs it.
enum AdminEndpoint {
  static func serve(
    _ fleet: FixedFleet, token: BearerToken, _ body: (String) async throws -> Void
  ) async throws {
    try await serve(fleet, door: FixedDoor([(token, .bootstrap)]), body)
  }

  static func serve(
    _ fleet: FixedFleet, door: FixedDoor, _ body: (String) async throws -> Void
  ) async throws {
    var quiet = Logger(label: "test")
    quiet.logLevel = .critical
    let server = AdminServer(door: door, host: "127.0.0.1", port: 0, logger: quiet) { holder in
      fleet.holders.withLock { $0.append(holder.actor) }
      return fleet
    }
    let (ports, continuation) = AsyncStream.makeStream(
      of: Int.self, bufferingPolicy: .bufferingNewest(1))
    let running = Task { try await server.run { continuation.yield($0) } }
    defer { running.cancel() }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next())
    try await body("http://127.0.0.1:\(port)")
  }
}
