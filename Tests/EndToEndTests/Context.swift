import FleetAPI
import Foundation
import ZeroMQTransport

/// Where a test fleet's coordinator is administered, read as the tool's context file says.
struct Context {
  /// The file, or the token it names, is not there yet.
  struct NotThere: Error {}

  let endpoint: String
  let token: BearerToken

  init(folder: URL) throws {
    let path = folder.appending(path: "operator/context.yaml")
    let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      values[String(line[..<colon])] = line[line.index(after: colon)...]
        .trimmingCharacters(in: CharacterSet(charactersIn: " \"'"))
    }
    guard let endpoint = values["endpoint"], let file = values["tokenFile"] else {
      throw NotThere()
    }
    self.endpoint = endpoint
    let tokenPath = URL(filePath: file, relativeTo: path.deletingLastPathComponent())
    guard let bytes = FileManager.default.contents(atPath: tokenPath.path),
      let token = BearerToken(String(decoding: bytes, as: UTF8.self))
    else { throw NotThere() }
    self.token = token
  }
}

/// A node's CURVE key as `init` wrote it.
enum NodeKeys {
  static func load(folder: URL, node: String) throws -> CurveKeyPair {
    try CurveKeyFile(path: folder.appending(path: "agents/\(node)/curve.key").path).load()
  }
}
