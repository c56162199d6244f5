import FleetCore
import FleetProtocol
import Foundation

/// Writes one good document of each kind to a folder: raw, and as a payload for the fuzzer to sign.
@main
enum TrustSeeds {
  static func main() throws {
    let folder = URL(filePath: CommandLine.arguments[1])
    let payloads: [(TrustFuzzMode, [UInt8])] = [
      (.rootPayload, SignedDocument.payload(of: TrustKeys.rootFile(2))),
      (.manifestPayload, SignedDocument.encoded(TrustKeys.manifest)),
      (.orderPayload, SignedDocument.encoded(TrustKeys.order)),
      (.timestampPayload, SignedDocument.encoded(TrustKeys.timestamp)),
      (.successorPayload, SignedDocument.encoded(TrustKeys.manifest)),
      (.rootEnvelope, TrustKeys.rootFile(2)),
      (
        .manifestEnvelope,
        SignedDocument.sign(
          SignedDocument.encoded(TrustKeys.manifest), as: .manifest, with: [TrustKeys.publisher])
      ),
      (
        .orderEnvelope,
        SignedDocument.sign(
          SignedDocument.encoded(TrustKeys.order), as: .order, with: [TrustKeys.deploy])
      ),
      (
        .timestampEnvelope,
        SignedDocument.sign(
          SignedDocument.encoded(TrustKeys.timestamp), as: .timestamp, with: [TrustKeys.deploy])
      ),
    ]
    for (mode, bytes) in payloads {
      try Data([mode.rawValue] + bytes).write(to: folder.appending(path: "\(mode)"))
    }
  }
}
