import FleetCore
import FleetProtocol
import HTTPTypes
import Hummingbird

/// What belongs to one request while it is answered.
struct AdminContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Who asks; set before any route is looked at.
  var holder: AdminHolder?

  init(source: Source) { coreContext = .init(source: source) }
}

/// One admitted request of a route, and what its answer may be made of.
struct AdminCall {
  /// The fleet as the holder of the request's token meets it.
  let service: any FleetService
  let request: Request
  let context: AdminContext

  func parameter(_ name: String) throws -> String { try context.parameters.require(name) }

  func node() throws -> Identifier {
    let name = try parameter("node")
    guard let node = Identifier(name) else { throw ServiceError.notANode(name) }
    return node
  }

  func digest() throws -> ContentDigest {
    let text = try parameter("digest")
    guard let digest = ContentDigest(hex: text) else {
      throw ServiceError(
        status: 400, code: "digest",
        detail: "`\(text.prefix(80))` is no digest; expected 64 lower-case hexadecimal digits")
    }
    return digest
  }

  func requestID() throws(ServiceError) -> String {
    let text = Self.requestID(of: request)
    guard (8...64).contains(text.utf8.count) else {
      throw ServiceError(
        status: 400, code: "request-id",
        detail: "header \(APIPath.requestID) has \(text.utf8.count) bytes, expected 8 to 64: "
          + "a new one for each command, the same for each retry of it")
    }
    return text
  }

  /// The header as it came, empty without one.
  static func requestID(of request: Request) -> String {
    HTTPField.Name(APIPath.requestID).flatMap { request.headers[$0] } ?? ""
  }

  func number(_ name: String, default value: Int64) throws(ServiceError) -> Int64 {
    guard let text = request.uri.queryParameters.get(name) else { return value }
    guard let number = Int64(text), (0...Int64.max).contains(number) else {
      throw ServiceError(
        status: 400, code: "query",
        detail: "query parameter \(name) is `\(text.prefix(40))`, expected a whole number")
    }
    return name == "limit" ? min(number, Int64(APIPath.rowsMax)) : number
  }

  /// What a byte costs, where the query says so; the usual price without.
  func radio() throws(ServiceError) -> RadioPrice {
    let name = "radioNanojoules"
    guard let text = request.uri.queryParameters.get(name) else { return .assumed }
    guard let price = Double(text).flatMap({ RadioPrice(statedNanojoules: $0) }) else {
      throw ServiceError(
        status: 400, code: "query",
        detail: "query parameter \(name) is `\(text.prefix(40))`, expected 0 to "
          + "\(Int(RadioPrice.nanojoulesMax)) nanojoules a byte")
    }
    return price
  }

  func limit(default value: Int64) throws(ServiceError) -> Int {
    Int(try number("limit", default: value))
  }
}
