import Crypto
import FleetCore
import FleetProtocol

/// The keys and the root file of a study's fleet.
///
/// They are the same in every study: nothing outside of one is signed with them, and nobody else
/// trusts them.
enum StudyTrust {
  static let publisher = key(2)
  static let deploy = key(3)
  static let federation = key(4)
  /// When every study begins: midnight of a day in 2026.
  static let start = Instant(microseconds: 1_767_225_600_000_000)
  /// Microseconds since 1970 until which everything is good.
  static let farAway: UInt64 = 4_000_000_000_000_000

  /// What coordinator and nodes were installed with.
  static let rootFile = TrustRoot.makeEnvelope(
    version: 1, expiresMicroseconds: farAway,
    keys: [
      .root: [key(1).publicKey], .publisher: [publisher.publicKey],
      .deploy: [deploy.publicKey], .federation: [federation.publicKey],
    ], signers: [key(1)])

  static let root: TrustRoot = {
    do {
      return try TrustRoot(envelope: rootFile)
    } catch {
      preconditionFailure("the root file of studies is sound: \(error)")
    }
  }()

  /// What a study's job draws from where a fleet's does so in secret: its seed decides that too.
  static func secret(_ job: JobSpecification) -> JobSecret? {
    guard job.drawsInSecret else { return nil }
    let text = "spikefleet study \(job.seed)"
    return JobSecret([UInt8](SHA256.hash(data: Array(text.utf8))))
  }

  /// The CURVE key of a node, which no socket ever sees.
  static func curveKey(_ node: Int) -> String {
    let text = "\(node + 1)"
    return String(repeating: "k", count: 40 - text.count) + text
  }

  private static func key(_ number: UInt8) -> SigningKey {
    guard let key = SigningKey(seed: [UInt8](repeating: number, count: 32)) else {
      preconditionFailure("32 bytes make a key")
    }
    return key
  }
}
