import ArgumentParser
import CompiledModel
import Crypto
import Federation
import FleetCore
import FleetProtocol
import Foundation
import SwiftProtobuf
import Workbench

/// What a publisher says of a model beside what follows from its bytes.
struct ManifestOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Days until no node accepts the model any more.")
  var expiresDays = 365

  @Option(help: "Largest change of a 16-bit weight that federation may make; 0 forbids learning.")
  var maxDrift: UInt32 = 65_535

  func validate() throws {
    guard (1...36_500).contains(expiresDays) else {
      throw ValidationError("--expires-days: found \(expiresDays), expected 1 to 36500")
    }
  }

  func manifest(of file: ModelFile, counter: UInt64) -> WireManifest {
    let now = UInt64(WallClock.now().microseconds)
    let expires = now + UInt64(expiresDays) * 86_400_000_000
    let plastic = maxDrift == 0 ? [] : UpdateDoor.shape(of: file.model).map { Int($0.layer) }
    return ModelPublisher.manifest(
      of: file.model, bytes: file.bytes, releaseCounter: counter, createdMicroseconds: now,
      expiresMicroseconds: expires,
      permit: plastic.isEmpty
        ? nil
        : ModelPublisher.Permit(
          layers: plastic, maxDrift: maxDrift, untilMicroseconds: expires))
  }
}

/// `spikefleet model sign`.
struct ModelSignCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Write the signed manifest of a model, or add a publisher's signature to it.",
    discussion:
      "Where the root file asks for several publishers, each signs in turn, on the machine "
      + "of the key; `spikefleet model push --manifest` gives the result to the coordinator.")

  @Argument(help: "Compiled model.")
  var model: String

  @Option(help: "Manifest file: a signature is added to one that exists, else it is written.")
  var manifest: String

  @Option(help: "File with a publisher's signing key; once for each.")
  var key: [String]

  @Option(parsing: .unconditional, help: "Release counter of a manifest that is not there yet.")
  var releaseCounter: UInt64?

  @OptionGroup var terms: ManifestOptions
  @OptionGroup var output: OutputOptions

  private struct Signed: Encodable {
    var manifest: String
    var name: String
    var releaseCounter: UInt64
    var signers: [String]
  }

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let signers = try key.map { try SigningKeyFile(path: $0).load() }
    let envelope: [UInt8]
    let facts: WireManifest
    if FileManager.default.fileExists(atPath: manifest) {
      let bytes = [UInt8](try FileContent.read(manifest, what: "a signed manifest"))
      facts = try ManifestFile.facts(of: bytes, path: manifest)
      guard facts.modelDigest.elementsEqual(SHA256.hash(data: file.bytes)) else {
        throw CommandFailure(
          "\(manifest): found the manifest of another model, expected that of \(model); name "
            + "another file")
      }
      envelope = try SignedDocument.countersign(bytes, as: .manifest, with: signers)
    } else {
      guard let releaseCounter else {
        throw CommandFailure(
          "\(manifest): not there yet; a new manifest needs --release-counter, above that of every "
            + "release before")
      }
      facts = terms.manifest(of: file, counter: releaseCounter)
      envelope = ModelPublisher.sign(facts, with: signers)
    }
    try FileContent.write(Data(envelope), to: manifest)
    let signed = Signed(
      manifest: manifest, name: facts.name, releaseCounter: facts.releaseCounter,
      signers: SignedDocument.claimedSigners(of: envelope).map { Hex.text($0) })
    try output.print(signed) { signed in
      Console.line("wrote \(signed.manifest): \(signed.name) release \(signed.releaseCounter)")
      for signer in signed.signers { Console.line("signed by \(signer.prefix(16))") }
    }
  }
}

/// A manifest on disk.
enum ManifestFile {
  static func facts(of envelope: [UInt8], path: String) throws -> WireManifest {
    do {
      return try WireManifest(serializedBytes: SignedDocument.payload(of: envelope))
    } catch {
      throw CommandFailure("\(path): found no manifest (\(error)); write one with `model sign`")
    }
  }
}
