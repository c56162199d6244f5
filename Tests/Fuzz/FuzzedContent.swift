import Crypto
import FleetCore
import FleetProtocol

/// The model, the round and the update that made-up messages can be about.
enum FuzzedContent {
  static let noon = Instant(microseconds: 1_750_000_000_000_000)
  static let nodes = ["node-a", "node-b"].map(identifier)
  static let job = identifier("job")
  static let key = RoundKey(job: job, round: 1, attempt: 1)
  static let modelBytes = [UInt8](repeating: 0x4D, count: 40)
  static let update = [UInt8](repeating: 0x55, count: 60)
  static let boot = [UInt8](repeating: 4, count: Limits.bootIDBytes)
  static let generation = Generation(epoch: 1, number: 1)

  static func identifier(_ text: String) -> Identifier {
    guard let identifier = Identifier(text) else { preconditionFailure("'\(text)' is a name") }
    return identifier
  }

  static func publicKey(_ node: Int) -> String { String(repeating: "k", count: 39) + "\(node)" }

  static func digest(_ bytes: [UInt8]) -> ContentDigest {
    guard let digest = ContentDigest(SHA256.hash(data: bytes)) else {
      preconditionFailure("SHA-256 has 32 bytes")
    }
    return digest
  }

  /// One chunk's worth of model, published and open to federation.
  static let model: ModelRecord = {
    var manifest = TrustKeys.manifest
    let content = digest(modelBytes)
    manifest.modelDigest = wireBytes(content.bytes)
    manifest.size = UInt64(modelBytes.count)
    manifest.chunkDigests = [manifest.modelDigest]
    let payload = SignedDocument.encoded(manifest)
    guard let structure = ContentDigest(manifest.structureDigest),
      let price = ContentDigest(manifest.priceDigest)
    else { preconditionFailure("digests have 32 bytes") }
    return ModelRecord(
      name: identifier(manifest.name), releaseCounter: manifest.releaseCounter, digest: content,
      manifestDigest: digest(payload),
      manifest: SignedDocument.sign(payload, as: .manifest, with: [TrustKeys.publisher]),
      structureDigest: structure, priceDigest: price, size: manifest.size,
      chips: manifest.chips, addedAt: noon)
  }()

  static var desired: WireDesiredState {
    var order = TrustKeys.order
    order.manifestDigest = wireBytes(model.manifestDigest.bytes)
    var desired = WireDesiredState()
    desired.generation = generation.wire
    desired.order = wireBytes(
      SignedDocument.sign(SignedDocument.encoded(order), as: .order, with: [TrustKeys.deploy]))
    desired.manifest = wireBytes(model.manifest)
    return desired
  }

  static var offer: WireRoundOffer {
    var offer = WireRoundOffer()
    offer.key = key.wire
    offer.epoch = 1
    offer.manifest = wireBytes(model.manifest)
    offer.samples = 10
    offer.seed = 3
    offer.deadlineMilliseconds = 60_000
    return offer
  }

  static let specification = JobSpecification(
    name: job.text, model: model.digest.hex, rounds: 3, samplesPerRound: 10,
    nodes: nodes.map(\.text), minimumReports: 1, deadlineMilliseconds: 60_000, attemptsMax: 2,
    maxRegression: 2, seed: 11)

  static func hello(_ node: Int) -> WireHello {
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 2
    hello.nodeID = nodes[node].text
    hello.agentVersion = "1"
    hello.bootID = wireBytes(boot)
    hello.chip = "loihi-learn"
    hello.rootVersion = 1
    return hello
  }

  static var welcome: WireWelcome {
    var welcome = WireWelcome()
    welcome.version = 2
    welcome.epoch = 1
    welcome.heartbeatMilliseconds = 1_000
    welcome.liveness = 3
    welcome.takesMergedWindows = true
    return welcome
  }

  /// What leaves a core, a peer can read: within its limits, and the same again.
  static func check(_ packet: Packet, _ direction: WireDirection) {
    let type = packet.message.type
    do {
      let again = try Packet(
        frames: packet.frames(), endpoint: type.rule.endpoint, direction: direction)
      precondition(again == packet, "\(type) is another message to its peer")
    } catch {
      preconditionFailure("an own \(type) would be refused: \(error)")
    }
  }
}
