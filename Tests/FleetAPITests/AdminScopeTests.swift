import AsyncHTTPClient
import FleetAPI
import FleetCore
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// Which token opens which route, over a real socket.
@Suite struct AdminScopeTests {
  private func status(
    _ route: AdminRoute, _ token: BearerToken, at endpoint: String
  ) async throws -> UInt {
    let path = route.path.split(separator: "/").map { $0.hasPrefix(":") ? "north" : String($0) }
    var request = HTTPClientRequest(url: endpoint + "/" + path.joined(separator: "/"))
    request.method = HTTPMethod(rawValue: route.methodName)
    request.headers.add(name: "Authorization", value: "Bearer \(token.text)")
    request.headers.add(name: "Request-Id", value: "request-1")
    if route.methodName != "GET" { request.body = .bytes(ByteBuffer(string: "no json")) }
    return try await HTTPClient.shared.execute(request, timeout: .seconds(120)).status.code
  }

  @Test(arguments: AdminScope.allCases)
  func `a stolen token opens the routes of its scope and no other`(
    scope: AdminScope
  ) async throws {
    let token = BearerToken()
    let door = FixedDoor([(token, AdminHolder(actor: "admin stolen", scopes: [scope]))])
    try await AdminEndpoint.serve(FixedFleet(), door: door) { endpoint in
      for route in AdminRoute.allCases {
        let code = try await status(route, token, at: endpoint)
        let isOpen = route.scope == scope || route.scope == .read || scope == .admin
        #expect((code != 403) == isOpen, "\(route.rawValue) with \(scope): \(code)")
        #expect(code != 401, "\(route.rawValue) with \(scope)")
      }
    }
    let refused = door.refusals.withLock { $0 }
    #expect(refused.allSatisfy { $0.actor == "admin stolen" && $0.requestID == "request-1" })
    let expected = AdminRoute.allCases.filter { !$0.scope.isHeld(among: [scope]) }
    #expect(refused.map(\.action) == expected.map(\.rawValue))
    #expect(refused.map(\.outcome) == expected.map { "scope-\($0.scope.rawValue)" })
  }

  @Test func `every route has its own row, and only GET reads`() {
    #expect(Set(AdminRoute.allCases.map(\.rawValue)).count == AdminRoute.allCases.count)
    for route in AdminRoute.allCases {
      #expect(["GET", "POST", "PUT"].contains(route.methodName), "\(route.rawValue)")
      #expect(route.path.hasPrefix("/v1/"), "\(route.rawValue)")
      #expect(route.scope != .read || route.methodName == "GET", "\(route.rawValue)")
    }
  }

  @Test func `a token of several scopes opens what each of them does`() {
    let scopes: [AdminScope] = [.deploy, .federate]
    let open = AdminScope.allCases.filter { $0.isHeld(among: scopes) }
    #expect(open == [.read, .deploy, .federate])
    #expect(AdminScope.allCases.allSatisfy { !$0.isHeld(among: []) })
  }
}
