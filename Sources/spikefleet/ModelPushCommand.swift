import ArgumentParser
import CompiledModel
import Crypto
import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import Workbench

/// `spikefleet model push`.
struct ModelPushCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Sign a compiled model's manifest and give both to the coordinator.")

  @Argument(help: "Compiled model.")
  var model: String

  @Option(help: "File with a publisher's signing key; once for each.")
  var key: [String] = []

  @Option(help: "Manifest that `spikefleet model sign` wrote, instead of a key.")
  var manifest: String?

  @Option(
    parsing: .unconditional,
    help: "Nodes refuse a lower one than they have run; the highest known + 1 unless given.")
  var releaseCounter: UInt64?

  @OptionGroup var terms: ManifestOptions
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
    guard key.isEmpty != (manifest == nil) else {
      throw ValidationError("expected --key to sign with, or --manifest that is signed already")
    }
  }

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let client = try context.client(timeoutSeconds: 120)
    guard let digest = ContentDigest(SHA256.hash(data: file.bytes)) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    let envelope: [UInt8]
    if let manifest {
      envelope = [UInt8](try FileContent.read(manifest, what: "a signed manifest"))
    } else {
      envelope = try await signed(file, client, digest)
    }
    let facts = try ManifestFile.facts(of: envelope, path: manifest ?? model)
    try await client.putBlob(file.bytes, digest: digest)
    _ = try await client.addModel(
      ModelRequest(manifest: Data(envelope).base64EncodedString()),
      requestID: FleetClient.newRequestID()
    ).orThrow()
    let pushed = Pushed(
      name: file.model.name, releaseCounter: facts.releaseCounter, digest: digest.hex,
      size: file.bytes.count, chip: file.model.chip, mayLearn: facts.permit.layers.map { Int($0) },
      expiresMicroseconds: facts.expiresUs)
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

  private func signed(
    _ file: ModelFile, _ client: FleetClient, _ digest: ContentDigest
  ) async throws -> [UInt8] {
    let signers = try key.map { try SigningKeyFile(path: $0).load() }
    let counter: UInt64
    if let releaseCounter {
      counter = releaseCounter
    } else {
      counter = try await nextCounter(client, name: file.model.name, digest: digest)
    }
    return ModelPublisher.sign(terms.manifest(of: file, counter: counter), with: signers)
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
