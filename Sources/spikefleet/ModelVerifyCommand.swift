import ArgumentParser
import FleetCore
import FleetProtocol
import Foundation
import Workbench

/// `spikefleet model verify`.
struct ModelVerifyCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Hold a signed manifest against a root file and its model.",
    discussion: "Ends with status 1 and the reason where a node would not believe it.")

  @Argument(help: "Compiled model.")
  var model: String

  @Option(help: "Signed manifest, as `spikefleet model sign` wrote it.")
  var manifest: String

  @Option(help: "Signed root file: whose signatures count.")
  var root: String

  @OptionGroup var output: OutputOptions

  private struct Verdict: Encodable {
    var name: String
    var releaseCounter: UInt64
    var chips: [String]
    var expiresMicroseconds: UInt64
    var mayLearn: [UInt32]
    var maxDrift: UInt32
    var learnsUntilMicroseconds: UInt64?
    var rootVersion: UInt64
    var threshold: Int
    var signers: [String]
    var strangers: [String]
    var refusal: String?
  }

  func perform() async throws {
    let file = try ModelFile(reading: model)
    let envelope = [UInt8](try FileContent.read(manifest, what: "a signed manifest"))
    let trusted = try RootFile(path: root).load()
    let facts = try ManifestFile.facts(of: envelope, path: manifest)
    let signers = try trusted.signers(of: envelope, as: .manifest, role: .publisher)
      .map { Hex.text(SigningKey.id(of: $0)) }
    let verdict = Verdict(
      name: facts.name, releaseCounter: facts.releaseCounter, chips: facts.chips,
      expiresMicroseconds: facts.expiresUs, mayLearn: facts.permit.layers,
      maxDrift: facts.permit.maxDrift,
      learnsUntilMicroseconds: facts.hasPermit ? facts.permit.untilUs : nil,
      rootVersion: trusted.version, threshold: trusted[.publisher].threshold, signers: signers,
      strangers: SignedDocument.claimedSigners(of: envelope).map { Hex.text($0) }
        .filter { !signers.contains($0) },
      refusal: refusal(file, envelope, trusted))
    try output.print(verdict, table: show)
    if let refusal = verdict.refusal { throw CommandFailure("\(manifest): \(refusal)") }
  }

  /// The checks of the coordinator's intake, and that the root file itself still counts.
  private func refusal(
    _ file: ModelFile, _ envelope: [UInt8], _ trusted: TrustRoot
  ) -> String? {
    let now = WallClock.now()
    do {
      try trusted.checkExpiry(nowMicroseconds: now.microseconds)
      _ = try ModelIntake.published(
        manifest: envelope, bytes: file.bytes, root: trusted, at: now)
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func show(_ verdict: Verdict) {
    var table = TextTable([.text("FIELD"), .text("VALUE")])
    table.add(["model", "\(verdict.name) release \(verdict.releaseCounter)"])
    table.add(["chips", verdict.chips.joined(separator: ", ")])
    table.add(["valid until", instant(verdict.expiresMicroseconds)])
    if let until = verdict.learnsUntilMicroseconds {
      let layers = verdict.mayLearn.map { "\($0)" }.joined(separator: ", ")
      table.add([
        "may learn",
        "connections \(layers), by \(verdict.maxDrift) steps at most, until \(instant(until))",
      ])
    } else {
      table.add(["may learn", "nothing"])
    }
    table.add(["root file", "version \(verdict.rootVersion)"])
    table.add(["publishers", "\(verdict.signers.count) signed, \(verdict.threshold) must"])
    for signer in verdict.signers { table.add(["signed by", String(signer.prefix(16))]) }
    for stranger in verdict.strangers {
      table.add(["does not count", String(stranger.prefix(16))])
    }
    table.add(["verdict", verdict.refusal == nil ? "believed" : "refused"])
    Console.write(table.text)
  }

  private func instant(_ microseconds: UInt64) -> String {
    Figure.instant(microseconds: Int64(clamping: microseconds))
  }
}
