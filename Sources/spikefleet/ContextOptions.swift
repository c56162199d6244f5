import ArgumentParser
import FleetAPI
import Foundation
import Workbench

/// `--context FILE`: which coordinator a command talks to.
struct ContextOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "File with the coordinator's endpoint and token file.",
      discussion: "Else SPIKEFLEET_CONTEXT, operator/context.yaml, or "
        + "~/.config/spikefleet/context.yaml.", valueName: "file"))
  var context: String?

  /// A client of the coordinator that the context names.
  func client(timeoutSeconds: Int64 = 30) throws -> FleetClient {
    let path = try FleetContext.locate(
      flag: context, environment: ProcessInfo.processInfo.environment)
    let context = try FleetContext(path: path)
    let text: String
    do {
      text = try context.token()
    } catch {
      guard error.isMissingFile else { throw error }
      throw CommandFailure(
        "\(context.tokenFile): no token yet, which the coordinator writes at its first start; "
          + "start it, or name another `tokenFile` in \(path)", code: .unreachable)
    }
    guard let token = BearerToken(text) else {
      throw CommandFailure(
        "\(context.tokenFile): found something else, expected a token of \(BearerToken.length) "
          + "hexadecimal digits; name the coordinator's token file in \(path)")
    }
    return FleetClient(endpoint: context.endpoint, token: token, timeoutSeconds: timeoutSeconds)
  }
}

extension CommandView {
  /// Throws what the coordinator refused.
  func orThrow() throws -> CommandView {
    guard done else { throw CommandFailure("\(code): \(detail)") }
    return self
  }
}
