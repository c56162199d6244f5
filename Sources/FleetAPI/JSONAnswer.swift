import FleetCore
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// JSON bodies of requests and answers.
enum JSONAnswer {
  static func make(_ value: some Encodable) throws -> Response {
    try make(value, status: .ok)
  }

  static func make(_ value: some Encodable, status: HTTPResponse.Status) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(value)
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(bytes: data)))
  }

  /// Decodes a body; names the key where it does not fit.
  static func body<Value: Decodable>(of request: Request) async throws -> Value {
    let buffer = try await request.body.collect(upTo: APIPath.jsonBytesMax)
    do {
      return try JSONDecoder().decode(Value.self, from: Data(buffer.readableBytesView))
    } catch let error as DecodingError {
      throw ServiceError(status: 400, code: "body", detail: Self.describe(error))
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "key `\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))` "
        + "is missing in the JSON body"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "key `\(path(context))` in the JSON body is no \(type)"
    case .dataCorrupted(let context):
      return "the body is no valid JSON at `\(path(context))`: \(context.debugDescription)"
    @unknown default:
      return "the body does not fit: \(error)"
    }
  }
}

/// Lets requests with a good token through, and no other.
struct TokenMiddleware: RouterMiddleware {
  typealias Context = AdminContext
  /// Who asks without a good token, as the audit names it.
  static let stranger = "unknown"
  let door: any AdminDoor

  func handle(
    _ request: Request, context: AdminContext,
    next: (Request, AdminContext) async throws -> Response
  ) async throws -> Response {
    let token = BearerToken(authorization: request.headers[.authorization])
    guard let holder = token.flatMap({ door.holder(hash: $0.hash) }) else {
      door.refuse(
        AdminRefusal(
          actor: Self.stranger, requestID: "",
          action: "\(request.method) \(String(request.uri.path.prefix(80)))", outcome: "token"))
      return try JSONAnswer.make(
        ErrorBody(
          code: "token",
          detail: "missing bearer token, or one that is wrong, expired or revoked; name a file "
            + "with a good one in the context file's `tokenFile`"),
        status: .unauthorized)
    }
    var context = context
    context.holder = holder
    return try await next(request, context)
  }
}

/// Turns every error into a JSON answer with a code and what to do.
struct RefusalMiddleware: RouterMiddleware {
  typealias Context = AdminContext
  let logger: Logger

  func handle(
    _ request: Request, context: AdminContext,
    next: (Request, AdminContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as ServiceError {
      return try JSONAnswer.make(
        ErrorBody(code: error.code, detail: error.detail),
        status: HTTPResponse.Status(code: error.status))
    } catch let error as any HTTPResponseError {
      return try JSONAnswer.make(
        ErrorBody(
          code: "http", detail: "\(request.method) \(request.uri.path): \(error.status)"),
        status: error.status)
    } catch {
      logger.error(
        "request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      return try JSONAnswer.make(
        ErrorBody(code: "failed", detail: "\(error)"), status: .serviceUnavailable)
    }
  }
}
