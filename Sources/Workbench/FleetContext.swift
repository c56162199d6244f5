import Foundation

/// Where the command-line tool finds its coordinator: an endpoint and the file with its token.
package struct FleetContext: Sendable, Equatable {
  /// Names a context file when no flag does.
  package static let variable = "SPIKEFLEET_CONTEXT"

  /// Path of the context file.
  package let path: String
  /// `http://HOST:PORT` of the coordinator's admin endpoint.
  package let endpoint: String
  /// File with the bearer token.
  package let tokenFile: String

  /// Reads a context file.
  package init(path: String) throws(ConfigurationError) {
    let file = try ConfigurationFile(path: path, environmentPrefix: Self.variable + "_")
    self.path = path
    endpoint = try file.string("endpoint")
    guard endpoint.hasPrefix("http://"), endpoint.count > 7 else {
      throw file.error(
        "endpoint", found: "`\(endpoint)`", expected: "http://HOST:PORT",
        cure: "name the coordinator's admin endpoint")
    }
    tokenFile = try file.path("tokenFile")
    try file.finish()
  }

  /// The context file: the flag's, the environment's, the working folder's, or the user's.
  ///
  /// The first two are taken at their word; of the others the first one that exists counts.
  package static func locate(
    flag: String?, environment: [String: String],
    exists: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) }
  ) throws(ConfigurationError) -> String {
    if let flag { return flag }
    if let path = environment[variable], !path.isEmpty { return path }
    let local = "operator/context.yaml"
    if exists(local) { return local }
    let user = (environment["HOME"] ?? "") + "/.config/spikefleet/context.yaml"
    if exists(user) { return user }
    throw ConfigurationError(
      file: local, key: "", found: "no such file, nor \(user)",
      expected: "a context file with `endpoint` and `tokenFile`",
      cure: "name one with --context or \(variable); `spikefleet init` writes one")
  }

  /// The token's text, which is never printed.
  package func token() throws(SecretFileError) -> String { try SecretFile.read(tokenFile) }
}
