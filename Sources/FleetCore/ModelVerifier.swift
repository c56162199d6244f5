import Crypto
import FleetProtocol
import SwiftProtobuf

/// Why a node does not run or train a model: a stable code and the reason in words.
struct ModelRefusal: Error, Equatable {
  let code: String
  let detail: String

  init(_ code: String, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  init(_ error: TrustError) { self.init(error.code, error.description) }
}

/// What a believed manifest says, in the forms that the core works with.
struct VerifiedModel: Equatable {
  var name: Identifier
  var releaseCounter: UInt64
  var model: ContentDigest
  var manifestDigest: ContentDigest
  var size: UInt64
  var chunks: [ContentDigest]
  /// When the order was issued, by its signature; 1970 where there is none.
  var ordered = Instant(microseconds: 0)
  /// The release lies below the floor and the order permits it.
  var isRollback = false
  /// The order only tries the model.
  var isTrial = false
  /// How the order has it run.
  var serving = ServingTerms.plain
  /// SHA-256 of the manifests of the models that may stand in for it, as the order lists them.
  var standIns: [ContentDigest] = []
}

/// A node's checks of everything it is told to run or to train: signatures first, then facts.
struct ModelVerifier {
  let node: Identifier
  let chip: String
  let root: TrustRoot
  /// Per model name, the lowest release counter that is still obeyed.
  let floors: [Identifier: UInt64]
  /// The later of the node's clock and the last time heard from the coordinator.
  let now: Instant

  /// Checks a desired state: the order to this node, then the manifest that the order names.
  func verify(
    order bytes: [UInt8], generation: Generation, manifest: [UInt8], baseManifest: [UInt8]
  ) throws(ModelRefusal) -> VerifiedModel {
    let order: WireOrder
    do throws(TrustError) { order = try root.order(bytes) } catch { throw ModelRefusal(error) }
    guard order.nodeID == node.text else {
      throw ModelRefusal("node-mismatch", "the order is for '\(order.nodeID.prefix(64))'")
    }
    guard Generation(order.generation) == generation else {
      throw ModelRefusal(
        "generation-mismatch",
        "the order is for generation \(Generation(order.generation)), sent as \(generation)")
    }
    try checkExpiry("the order", order.expiresUs)
    let permitted = order.hasAllowRollbackTo ? order.allowRollbackTo : nil
    var verified = try verify(
      manifest: manifest, baseManifest: baseManifest, allowRollbackTo: permitted)
    verified.ordered = Instant(microseconds: Int64(clamping: order.issuedUs))
    verified.isTrial = order.trial
    guard
      let serving = ServingTerms(
        askedShadowPerMille: order.shadowPerMille, probeInferences: order.probeInferences,
        isStaged: order.stageOnly, learns: order.learns, carriesLearning: order.carryLearning)
    else {
      throw ModelRefusal(
        "order",
        "a shadow of \(order.shadowPerMille) in a thousand, a probe of "
          + "\(order.probeInferences) inferences; expected one of the two, up to "
          + "\(ServingTerms.perMilleMax) or \(ServingTerms.probeInferencesMax)")
    }
    verified.serving = serving
    verified.standIns = order.standIns.prefix(StandIn.countMax).compactMap { ContentDigest($0) }
    guard verified.standIns.count == order.standIns.count else {
      throw ModelRefusal(
        "order",
        "\(order.standIns.count) models to stand in, expected at most \(StandIn.countMax) digests "
          + "of 32 bytes")
    }
    guard verified.manifestDigest.bytes.elementsEqual(order.manifestDigest) else {
      throw ModelRefusal("manifest-digest", "the order names another manifest than the one sent")
    }
    return verified
  }

  /// Checks a manifest: a publisher's alone, or a successor's with the publisher's that permits it.
  func verify(
    manifest bytes: [UInt8], baseManifest: [UInt8], allowRollbackTo permitted: UInt64? = nil
  ) throws(ModelRefusal) -> VerifiedModel {
    try checkExpiry("the root file", root.expiresMicroseconds)
    let role: TrustRole = baseManifest.isEmpty ? .publisher : .federation
    let payload: [UInt8]
    let manifest: WireManifest
    do throws(TrustError) {
      payload = try root.payload(of: bytes, as: .manifest, role: role)
      manifest = try Self.manifest(payload)
    } catch {
      throw ModelRefusal(error)
    }
    var verified = try checkFacts(of: manifest, payload: payload)
    if !baseManifest.isEmpty {
      let published: WireManifest
      do throws(TrustError) {
        published = try root.publishedManifest(baseManifest)
      } catch {
        throw ModelRefusal(error)
      }
      try checkPermit(of: published, for: manifest)
    }
    let floor = floors[verified.name] ?? 0
    guard verified.releaseCounter < floor else { return verified }
    guard let permitted, verified.releaseCounter >= permitted else {
      throw ModelRefusal(
        "release-counter",
        "release \(verified.releaseCounter) of '\(verified.name)', this node has run \(floor)"
          + (permitted.map { " and the order permits \($0) at least" } ?? ""))
    }
    verified.isRollback = true
    return verified
  }

  private static func manifest(_ payload: [UInt8]) throws(TrustError) -> WireManifest {
    do {
      return try WireManifest(serializedBytes: payload)
    } catch {
      throw .payload(.manifest)
    }
  }

  private func checkFacts(
    of manifest: WireManifest, payload: [UInt8]
  ) throws(ModelRefusal) -> VerifiedModel {
    guard let name = Identifier(manifest.name) else {
      throw ModelRefusal("name", "'\(manifest.name.prefix(80))' is not a model name")
    }
    guard let model = ContentDigest(manifest.modelDigest),
      manifest.structureDigest.count == 32, manifest.priceDigest.count == 32
    else { throw ModelRefusal("digest", "a digest in the manifest does not have 32 bytes") }
    try checkExpiry("the manifest", manifest.expiresUs)
    guard manifest.chips.contains(chip) else {
      throw ModelRefusal(
        "wrong-chip",
        "compiled for \(manifest.chips.prefix(8).joined(separator: ", ")), this is '\(chip)'")
    }
    guard manifest.size >= 1, manifest.size <= UInt64(Limits.modelBytesMax) else {
      throw ModelRefusal("size", "\(manifest.size) bytes, limit \(Limits.modelBytesMax)")
    }
    let chunk = UInt64(Limits.chunkBytes)
    let expected = (manifest.size + chunk - 1) / chunk
    let chunks = manifest.chunkDigests.compactMap { ContentDigest($0) }
    guard UInt64(manifest.chunkSize) == chunk,
      UInt64(manifest.chunkDigests.count) == expected, chunks.count == manifest.chunkDigests.count
    else {
      throw ModelRefusal(
        "chunks",
        "\(manifest.chunkDigests.count) chunks of \(manifest.chunkSize) bytes for "
          + "\(manifest.size) bytes, expected \(expected) of \(chunk) with 32-byte digests")
    }
    guard let manifestDigest = ContentDigest(SHA256.hash(data: payload)) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    return VerifiedModel(
      name: name, releaseCounter: manifest.releaseCounter, model: model,
      manifestDigest: manifestDigest, size: manifest.size, chunks: chunks)
  }

  /// A successor changes weights only, of the model that its publisher permits, while it does.
  private func checkPermit(
    of published: WireManifest, for successor: WireManifest
  ) throws(ModelRefusal) {
    guard published.hasPermit else {
      throw ModelRefusal("permit", "the publisher does not permit federation of this model")
    }
    try checkExpiry("the permit to federate", published.permit.untilUs)
    try checkExpiry("the published manifest", published.expiresUs)
    guard successor.structureDigest == published.structureDigest,
      successor.priceDigest == published.priceDigest, successor.size == published.size
    else {
      throw ModelRefusal(
        "structure", "the successor differs from the published model in more than its weights")
    }
    guard successor.hasProvenance,
      successor.provenance.publishedDigest == published.modelDigest,
      successor.name == published.name
    else {
      throw ModelRefusal("provenance", "the successor stems from another published model")
    }
    // Else whoever holds the federation key could raise the floor and lock every release out.
    guard successor.releaseCounter == published.releaseCounter else {
      throw ModelRefusal(
        "provenance",
        "the successor has release \(successor.releaseCounter), the published model "
          + "\(published.releaseCounter); they must be the same")
    }
    guard published.chips.contains(chip) else {
      throw ModelRefusal("wrong-chip", "the published model was not compiled for '\(chip)'")
    }
  }

  private func checkExpiry(_ what: String, _ expires: UInt64) throws(ModelRefusal) {
    guard expires > now.microseconds else {
      throw ModelRefusal(
        .expired(
          what: what, expiredMicroseconds: expires, nowMicroseconds: now.microseconds))
    }
  }
}
