import FleetCore
import FleetProtocol
import Foundation
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore

/// The coordinator's admin endpoint: HTTP on one address, every request with the bearer token.
package struct AdminServer: Sendable {
  private let service: any FleetService
  private let token: BearerToken
  private let host: String
  private let port: Int
  private let logger: Logger

  /// An endpoint that is not listening yet; port 0 takes a free one.
  package init(
    service: any FleetService, token: BearerToken, host: String, port: Int, logger: Logger
  ) {
    self.service = service
    self.token = token
    self.host = host
    self.port = port
    self.logger = logger
  }

  /// Listens until the task is cancelled or its service group stops; tells the real port once.
  package func run(onListening: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    let application = Application(
      router: router(),
      configuration: .init(address: .hostname(host, port: port), serverName: nil),
      onServerRunning: { channel in
        onListening(channel.localAddress?.port ?? 0)
      },
      logger: logger)
    try await application.run()
  }

  private func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.add(middleware: RefusalMiddleware(logger: logger))
    router.add(middleware: TokenMiddleware(token: token))
    addReads(to: router)
    addLists(to: router)
    addNodes(to: router)
    addTokens(to: router)
    addCommands(to: router)
    addModels(to: router)
    return router
  }

  private func addReads(to router: Router<BasicRequestContext>) {
    let service = service
    router.get("/v1/status") { _, _ in try JSONAnswer.make(try await service.status()) }
    router.get("/v1/nodes") { _, _ in try JSONAnswer.make(try await service.nodes()) }
    router.get("/v1/pending") { _, _ in try JSONAnswer.make(try await service.pending()) }
    router.get("/v1/models") { _, _ in try JSONAnswer.make(try await service.models()) }
    router.get("/v1/jobs") { _, _ in try JSONAnswer.make(try await service.jobs()) }
    router.get("/v1/top") { _, _ in try JSONAnswer.make(try await service.top()) }
    router.get("/v1/root") { _, _ in try JSONAnswer.make(try await service.roots()) }
    router.get("/v1/energy") { _, _ in try JSONAnswer.make(try await service.energy()) }
  }

  private func addLists(to router: Router<BasicRequestContext>) {
    let service = service
    router.get("/v1/telemetry/:node") { request, context in
      let node = try Self.node(of: context)
      let limit = try Self.number("limit", of: request, default: 100)
      return try JSONAnswer.make(try await service.telemetry(node: node, limit: Int(limit)))
    }
    router.get("/v1/audit") { request, _ in
      let after = try Self.number("after", of: request, default: 0)
      let limit = try Self.number("limit", of: request, default: 100)
      return try JSONAnswer.make(try await service.audit(after: after, limit: Int(limit)))
    }
    router.get("/v1/telemetry") { request, _ in
      let items = request.uri.queryParameters
      let query = try TelemetryQuery { name in items.get(name) }
      return try JSONAnswer.make(try await service.telemetry(query))
    }
    router.get("/v1/events") { request, _ in
      let after = try Self.number("after", of: request, default: 0)
      let limit = try Self.number("limit", of: request, default: 100)
      let about = request.uri.queryParameters.get("about").map { String($0.prefix(200)) }
      return try JSONAnswer.make(
        try await service.events(after: after, about: about, limit: Int(limit)))
    }
  }

  private func addNodes(to router: Router<BasicRequestContext>) {
    let service = service
    router.post("/v1/nodes/:node") { request, context in
      let id = try Self.requestID(of: request)
      let node = try context.parameters.require("node")
      let body: NodeRequest = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.order(body, node: node, requestID: id))
    }
    router.post("/v1/pending/reject") { request, _ in
      let id = try Self.requestID(of: request)
      let body: KeyRequest = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.reject(body, requestID: id))
    }
    router.get("/v1/nodes/:node/logs") { request, context in
      let node = try Self.node(of: context)
      let limit = try Self.number("limit", of: request, default: 50)
      return try JSONAnswer.make(try await service.logs(node: node, limit: Int(limit)))
    }
    router.get("/v1/nodes/:node/self-test") { _, context in
      let node = try Self.node(of: context)
      return try JSONAnswer.make(try await service.selfTest(node: node))
    }
  }

  private func addTokens(to router: Router<BasicRequestContext>) {
    let service = service
    router.get("/v1/tokens") { _, _ in try JSONAnswer.make(try await service.tokens()) }
    router.post("/v1/tokens") { request, _ in
      let id = try Self.requestID(of: request)
      let body: TokenRequest = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.createToken(body, requestID: id))
    }
    router.post("/v1/tokens/:token/revoke") { request, context in
      let id = try Self.requestID(of: request)
      let token = try context.parameters.require("token")
      return try JSONAnswer.make(try await service.revokeToken(token, requestID: id))
    }
  }

  private func addCommands(to router: Router<BasicRequestContext>) {
    let service = service
    router.post("/v1/nodes") { request, _ in
      let id = try Self.requestID(of: request)
      let body: AcceptRequest = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.accept(body, requestID: id))
    }
    router.post("/v1/deployments") { request, _ in
      let id = try Self.requestID(of: request)
      let body: DeployRequest = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.deploy(body, requestID: id))
    }
    router.post("/v1/jobs") { request, _ in
      let id = try Self.requestID(of: request)
      let body: JobSpecification = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.startJob(body, requestID: id))
    }
    router.post("/v1/jobs/:job/cancel") { request, context in
      let id = try Self.requestID(of: request)
      let job = try context.parameters.require("job")
      return try JSONAnswer.make(try await service.cancelJob(job, requestID: id))
    }
  }

  private func addModels(to router: Router<BasicRequestContext>) {
    let service = service
    router.put("/v1/blobs/:digest") { request, context in
      let digest = try Self.digest(try context.parameters.require("digest"))
      var body = try await request.body.collect(upTo: Limits.modelBytesMax)
      let bytes = body.readBytes(length: body.readableBytes) ?? []
      try await service.putBlob(bytes, digest: digest)
      return try JSONAnswer.make(CommandView(done: true, code: "", detail: digest.hex))
    }
    router.get("/v1/blobs/:digest") { _, context in
      let digest = try Self.digest(try context.parameters.require("digest"))
      let bytes = try await service.blob(digest)
      return Response(
        status: .ok, headers: [.contentType: "application/octet-stream"],
        body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
    router.post("/v1/root") { request, _ in
      let id = try Self.requestID(of: request)
      let body: RootRequest = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.addRoot(body, requestID: id))
    }
    router.post("/v1/models") { request, _ in
      let id = try Self.requestID(of: request)
      let body: ModelRequest = try await JSONAnswer.body(of: request)
      return try JSONAnswer.make(try await service.addModel(body, requestID: id))
    }
  }

  private static func digest(_ text: String) throws(ServiceError) -> ContentDigest {
    guard let digest = ContentDigest(hex: text) else {
      throw ServiceError(
        status: 400, code: "digest",
        detail: "`\(text.prefix(80))` is no digest; expected 64 lower-case hexadecimal digits")
    }
    return digest
  }

  private static func node(of context: BasicRequestContext) throws -> Identifier {
    let name = try context.parameters.require("node")
    guard let node = Identifier(name) else { throw ServiceError.notANode(name) }
    return node
  }

  private static func requestID(of request: Request) throws(ServiceError) -> String {
    let text = HTTPField.Name(APIPath.requestID).flatMap { request.headers[$0] } ?? ""
    guard (8...64).contains(text.utf8.count) else {
      throw ServiceError(
        status: 400, code: "request-id",
        detail: "header \(APIPath.requestID) has \(text.utf8.count) bytes, expected 8 to 64: "
          + "a new one for each command, the same for each retry of it")
    }
    return text
  }

  private static func number(
    _ name: String, of request: Request, default value: Int64
  ) throws(ServiceError) -> Int64 {
    guard let text = request.uri.queryParameters.get(name) else { return value }
    guard let number = Int64(text), (0...Int64.max).contains(number) else {
      throw ServiceError(
        status: 400, code: "query",
        detail: "query parameter \(name) is `\(text.prefix(40))`, expected a whole number")
    }
    return name == "limit" ? min(number, Int64(APIPath.rowsMax)) : number
  }
}
