import Crypto
import FleetAPI
import FleetCore
import Workbench

/// How an operator names a model: by name, by digest, or by the digest's first digits.
enum ModelReference {
  /// Fewer digits than this are a name.
  static let digitsMin = 8

  /// The model meant; of a published name, the one with the highest release counter.
  static func find(_ text: String, among views: [ModelView]) throws -> ModelView {
    let named = views.filter { $0.name == text && $0.published == nil }
    if let newest = named.max(by: { $0.releaseCounter < $1.releaseCounter }) { return newest }
    let matches =
      text.utf8.count >= digitsMin ? views.filter { $0.digest.hasPrefix(text.lowercased()) } : []
    guard let match = matches.first, matches.count == 1 else {
      throw CommandFailure(
        matches.isEmpty
          ? "no model is called `\(text)`, nor has a digest that begins so; "
            + "`spikefleet model list` shows them"
          : "\(matches.count) models have digests that begin with `\(text)`; write more of it")
    }
    return match
  }

  /// The model's bytes, held against its digest.
  static func fetch(_ view: ModelView, from client: some FleetService) async throws -> [UInt8] {
    guard let digest = ContentDigest(hex: view.digest) else {
      throw CommandFailure("the coordinator names the digest `\(view.digest)`, which is none")
    }
    let bytes = try await client.blob(digest)
    guard ContentDigest(SHA256.hash(data: bytes)) == digest else {
      throw CommandFailure(
        "\(view.name): \(bytes.count) bytes with another digest than \(digest.hex); the file is "
          + "damaged, push the model again")
    }
    return bytes
  }
}
