import ArgumentParser
import FleetAPI
import FleetProtocol
import Foundation
import Workbench

/// `spikefleet root`.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "root", abstract: "Give a fleet its next root file, or fetch the one in force.",
    subcommands: [RootPushCommand.self, RootPullCommand.self])
}

/// `spikefleet root push`.
struct RootPushCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Give the next root file to the coordinator, which sends it on to every agent.",
    discussion: """
      A file that names new deploy or federation keys needs them at the coordinator first, beside \
      the old ones: `deploy-2.key` in the folder of `deploy.key`, `federation-2.key` likewise. \
      What runs goes on running. A node that is away follows version by version when it is back.
      """)

  @Argument(help: "Root file that `spikefleet key rotate` wrote.")
  var file: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let bytes = try FileContent.read(file, what: "a signed root file")
    let answer = try await context.client().addRoot(
      RootRequest(root: bytes.base64EncodedString()), requestID: FleetClient.newRequestID()
    ).orThrow()
    try output.print(answer) { Console.line("root file version \($0.detail) is in force") }
  }
}

/// `spikefleet root pull`.
struct RootPullCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Write the root file in force to a file, for a new node.")

  @Argument(help: "File to write.")
  var file: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let view = try await context.client().roots()
    guard let data = Data(base64Encoded: view.envelope),
      let root = try? TrustRoot(envelope: [UInt8](data)), root.version == view.version
    else {
      throw CommandFailure("the coordinator's answer holds no root file; look at its log")
    }
    try FileContent.write(data, to: file)
    try output.print(view) { Console.line("wrote \(file), root file version \($0.version)") }
  }
}
