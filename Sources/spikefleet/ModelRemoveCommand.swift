import ArgumentParser
import FleetAPI
import FleetCore
import Foundation

/// `spikefleet model remove`.
struct ModelRemoveCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a model that nothing needs from the coordinator.",
    discussion: """
      Refused with who needs it while a node is to run it or runs it, a rollout brings it or may \
      bring it back, a job learns from it, another model grew from it, or it is the last one with \
      the prices of its chip. Its bytes go within two hours; pushing it again brings it back.
      """)

  @Argument(help: "Name, digest, or at least 8 first digits of it; a name is its newest release.")
  var model: String

  @OptionGroup var context: ContextOptions

  func perform() async throws {
    let client = try context.client()
    let view = try ModelReference.find(model, among: try await client.models())
    guard let digest = ContentDigest(hex: view.digest) else {
      throw CommandFailure(
        "\(view.digest): found no digest; is the coordinator of another version?")
    }
    _ = try await client.removeModel(digest, requestID: FleetClient.newRequestID()).orThrow()
    Console.line("removed \(view.name) release \(view.releaseCounter), \(digest.short)")
  }
}
