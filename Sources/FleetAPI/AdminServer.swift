package import FleetCore
import FleetProtocol
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore

/// The coordinator's admin endpoint: HTTP on one address, every request with a bearer token.
package struct AdminServer: Sendable {
  private let service: @Sendable (AdminHolder) -> any FleetService
  private let door: any AdminDoor
  private let host: String
  private let port: Int
  private let logger: Logger

  /// An endpoint that is not listening yet; port 0 takes a free one.
  ///
  /// - Parameters:
  ///   - door: knows the tokens.
  ///   - service: the fleet as the holder of a token meets it.
  package init(
    door: any AdminDoor, host: String, port: Int, logger: Logger,
    service: @escaping @Sendable (AdminHolder) -> any FleetService
  ) {
    self.service = service
    self.door = door
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

  private func router() -> Router<AdminContext> {
    let router = Router(context: AdminContext.self)
    router.add(middleware: RefusalMiddleware(logger: logger))
    router.add(middleware: TokenMiddleware(door: door))
    for route in AdminRoute.allCases {
      router.on(RouterPath(route.path), method: route.method) { request, context in
        try await answer(route, request, context)
      }
    }
    return router
  }

  /// Lets the holder of the route's scope through, and nobody else.
  private func answer(
    _ route: AdminRoute, _ request: Request, _ context: AdminContext
  ) async throws -> Response {
    guard let holder = context.holder, route.scope.isHeld(among: holder.scopes) else {
      door.refuse(
        AdminRefusal(
          actor: context.holder?.actor ?? TokenMiddleware.stranger,
          requestID: String(AdminCall.requestID(of: request).prefix(64)), action: route.rawValue,
          outcome: "scope-\(route.scope.rawValue)"))
      let held = context.holder?.scopes.map(\.rawValue).joined(separator: ", ") ?? ""
      throw ServiceError(
        status: 403, code: "scope",
        detail: "\(route.rawValue) needs a token with the scope `\(route.scope.rawValue)`, this "
          + "one has \(held); ask who administers the coordinator for one")
    }
    let call = AdminCall(service: service(holder), request: request, context: context)
    switch route {
    case .putBlob, .blob: return try await moveBlob(route, call)
    case .backup: return try await backUp(call, requestID: try call.requestID())
    case .accept, .order, .reject, .createJoinToken, .revokeJoinToken, .addModel, .removeModel,
      .deploy, .startRollout, .orderRollout, .setBudget, .removeBudget, .startJob, .orderJob,
      .cancelJob, .rollBackJob, .addRoot, .createToken, .revokeToken:
      return try JSONAnswer.make(try await obey(route, call, requestID: try call.requestID()))
    case .status, .nodes, .pending, .logs, .selfTest, .models, .model, .difference, .jobs,
      .explainRound, .planJob, .reports, .report, .rollouts, .rollout, .planRollout, .top, .energy,
      .windows, .telemetry,
      .events, .audit, .roots, .joinTokens, .budgets, .tokens, .debug:
      return try JSONAnswer.make(try await read(route, call))
    }
  }

  private func read(_ route: AdminRoute, _ call: AdminCall) async throws -> any Encodable {
    let service = call.service
    switch route {
    case .status: return try await service.status()
    case .nodes: return try await service.nodes()
    case .pending: return try await service.pending()
    case .models: return try await service.models()
    case .model: return try await service.model(try call.parameter("digest"))
    case .difference:
      return try await service.difference(
        from: try call.parameter("digest"),
        to: call.request.uri.queryParameters.get("to").map { String($0) } ?? "")
    case .jobs: return try await service.jobs()
    case .explainRound:
      return try await service.explain(
        job: try call.parameter("job"), round: try call.number("round", default: 0),
        attempt: try call.number("attempt", default: 0))
    case .planJob: return try await service.planJob(try await JSONAnswer.body(of: call.request))
    case .reports: return try await service.reports()
    case .report:
      return try await service.report(try call.parameter("job"), radio: try call.radio())
    case .rollouts: return try await service.rollouts()
    case .rollout: return try await service.rollout(try call.parameter("rollout"))
    case .planRollout:
      return try await service.planRollout(try await JSONAnswer.body(of: call.request))
    case .top: return try await service.top()
    case .energy: return try await service.energy()
    case .roots: return try await service.roots()
    case .joinTokens: return try await service.joinTokens()
    case .budgets: return try await service.budgets()
    case .tokens: return try await service.tokens()
    case .debug: return try await service.debug()
    case .logs:
      return try await service.logs(node: try call.node(), limit: try call.limit(default: 50))
    case .selfTest: return try await service.selfTest(node: try call.node())
    case .windows:
      return try await service.telemetry(
        node: try call.node(), limit: try call.limit(default: 100))
    case .telemetry:
      let items = call.request.uri.queryParameters
      return try await service.telemetry(try TelemetryQuery { name in items.get(name) })
    case .events: return try await service.events(try JournalQuery(call))
    case .audit:
      return try await service.audit(
        after: try call.number("after", default: 0), limit: try call.limit(default: 100))
    default: preconditionFailure("\(route.rawValue) does not read")
    }
  }

  private func obey(
    _ route: AdminRoute, _ call: AdminCall, requestID id: String
  ) async throws -> CommandView {
    let service = call.service
    func body<Value: Decodable>() async throws -> Value {
      try await JSONAnswer.body(of: call.request)
    }
    switch route {
    case .accept: return try await service.accept(try await body(), requestID: id)
    case .order:
      return try await service.order(
        try await body(), node: try call.parameter("node"), requestID: id)
    case .reject: return try await service.reject(try await body(), requestID: id)
    case .createJoinToken:
      return try await service.createJoinToken(try await body(), requestID: id)
    case .revokeJoinToken:
      return try await service.revokeJoinToken(try call.parameter("token"), requestID: id)
    case .createToken: return try await service.createToken(try await body(), requestID: id)
    case .revokeToken:
      return try await service.revokeToken(try call.parameter("token"), requestID: id)
    case .addModel: return try await service.addModel(try await body(), requestID: id)
    case .removeModel:
      return try await service.removeModel(try call.digest(), requestID: id)
    case .deploy: return try await service.deploy(try await body(), requestID: id)
    case .startRollout: return try await service.startRollout(try await body(), requestID: id)
    case .orderRollout:
      return try await service.orderRollout(
        try await body(), name: try call.parameter("rollout"), requestID: id)
    case .setBudget: return try await service.setBudget(try await body(), requestID: id)
    case .removeBudget:
      return try await service.removeBudget(try call.parameter("budget"), requestID: id)
    case .startJob: return try await service.startJob(try await body(), requestID: id)
    case .orderJob:
      return try await service.orderJob(
        try await body(), name: try call.parameter("job"), requestID: id)
    case .cancelJob:
      return try await service.cancelJob(try call.parameter("job"), requestID: id)
    case .rollBackJob:
      return try await service.rollBackJob(
        try call.parameter("job"), try await body(), requestID: id)
    case .addRoot: return try await service.addRoot(try await body(), requestID: id)
    default: preconditionFailure("\(route.rawValue) is no command")
    }
  }

  private func moveBlob(_ route: AdminRoute, _ call: AdminCall) async throws -> Response {
    let digest = try call.digest()
    guard route == .putBlob else {
      let bytes = try await call.service.blob(digest)
      return Response(
        status: .ok, headers: [.contentType: "application/octet-stream"],
        body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
    var body = try await call.request.body.collect(upTo: Limits.modelBytesMax)
    let bytes = body.readBytes(length: body.readableBytes) ?? []
    try await call.service.putBlob(bytes, digest: digest)
    return try JSONAnswer.make(CommandView(done: true, code: "", detail: digest.hex))
  }

  /// The archive as it is made, piece by piece: it may be larger than memory.
  private func backUp(_ call: AdminCall, requestID id: String) async throws -> Response {
    let stream = try await call.service.backup(requestID: id)
    return Response(
      status: .ok, headers: [.contentType: "application/x-tar"],
      body: .init(contentLength: Int(clamping: stream.size)) { writer in
        try await stream.read { bytes in try await writer.write(ByteBuffer(bytes: bytes)) }
        try await writer.finish(nil)
      })
  }
}
