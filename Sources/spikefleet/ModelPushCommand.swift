import ArgumentParser
import CompiledModel
import Crypto
import Federation
import FleetAPI
import FleetCore
import Foundation
import Workbench

/// `spikefleet model push`.
struct ModelPushCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Sign a compiled model's manifest and give both to the coordinator.")

  @Argument(help: "Compiled model.")
  var model: String

  @Option(help: "File with the publisher's signing key.")
  var key: String

  @Option(
    parsing: .unconditional,
    help: "Nodes refuse a lower one than they have run; the highest known + 1 unless given.")
  var releaseCounter: UInt64?

  @Option(parsing: .unconditional, help: "Days until no node accepts the model any more.")
  var expiresDays = 365

  @Option(help: "Largest change of a 16-bit weight that federation may make; 0 forbids learning.")
  var maxDrift: UInt32 = 65_535

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  /// What the coordinator holds now.
  private struct Pushed: Encodable {
    var name: String
    var releaseCounter: UInt64
    var digest: String
    var size: Int
    var chip: String
    var mayLearn: [Int]
    var expiresMicroseconds: UInt64
  }

  func validate() throws {
    guard (1...36_500).contains(expiresDays) else {
      throw ValidationError("--expires-days: found \(expiresDays), expected 1 to 36500")
    }
  }

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let signer = try SigningKeyFile(path: key).load()
    let client = try context.client(timeoutSeconds: 120)
    guard let digest = ContentDigest(SHA256.hash(data: file.bytes)) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    let counter: UInt64
    if let releaseCounter {
      counter = releaseCounter
    } else {
      counter = try await nextCounter(client, name: file.model.name, digest: digest)
    }
    let now = UInt64(WallClock.now().microseconds)
    let expires = now + UInt64(expiresDays) * 86_400_000_000
    let plastic = maxDrift == 0 ? [] : UpdateDoor.shape(of: file.model).map { Int($0.layer) }
    let manifest = ModelPublisher.manifest(
      of: file.model, bytes: file.bytes, releaseCounter: counter, createdMicroseconds: now,
      expiresMicroseconds: expires,
      permit: plastic.isEmpty
        ? nil
        : ModelPublisher.Permit(
          layers: plastic, maxDrift: maxDrift, untilMicroseconds: expires))
    let envelope = ModelPublisher.sign(manifest, with: signer)
    try await client.putBlob(file.bytes, digest: digest)
    _ = try await client.addModel(
      ModelRequest(manifest: Data(envelope).base64EncodedString()),
      requestID: FleetClient.newRequestID()
    ).orThrow()
    let pushed = Pushed(
      name: file.model.name, releaseCounter: counter, digest: digest.hex, size: file.bytes.count,
      chip: file.model.chip, mayLearn: plastic, expiresMicroseconds: expires)
    try output.print(pushed) { pushed in
      let layers = pushed.mayLearn.map { "\($0)" }.joined(separator: ", ")
      Console.line(
        "pushed \(pushed.name) release \(pushed.releaseCounter), "
          + "\(Figure.bytes(UInt64(pushed.size))) for \(pushed.chip)")
      Console.line("digest \(pushed.digest)")
      Console.line(
        "signed until \(Figure.instant(microseconds: Int64(pushed.expiresMicroseconds))); "
          + (layers.isEmpty ? "no weights may learn" : "connections \(layers) may learn together"))
    }
  }

  /// A repeat of the same bytes keeps its counter, so that it changes nothing.
  private func nextCounter(
    _ client: FleetClient, name: String, digest: ContentDigest
  ) async throws -> UInt64 {
    let models = try await client.models().filter { $0.name == name && $0.published == nil }
    if let same = models.first(where: { $0.digest == digest.hex }) { return same.releaseCounter }
    return (models.map(\.releaseCounter).max() ?? 0) + 1
  }
}
