import FleetCore
import FleetProtocol
import Testing
import Workbench

/// A pushed model counts only when every fact of its signed manifest holds for its bytes.
@Suite struct ModelIntakeTests {
  private let published: PublishedModel

  init() throws { published = try PublishedModel() }

  private func refusal(
    _ bytes: [UInt8]? = nil, signedBy key: SigningKey? = nil, at now: Int64 = 2_000_000,
    _ change: (inout WireManifest) -> Void = { _ in }
  ) -> IntakeError? {
    var manifest = published.manifest()
    change(&manifest)
    do throws(IntakeError) {
      _ = try ModelIntake.published(
        manifest: ModelPublisher.sign(manifest, with: [key ?? published.publisher]),
        bytes: bytes ?? published.bytes, root: published.root, at: Instant(microseconds: now))
      return nil
    } catch {
      return error
    }
  }

  @Test func `the manifest of the model itself is taken`() throws {
    let record = try published.record(published.manifest())
    #expect(record.name.text == "small")
    #expect(record.releaseCounter == 3)
    #expect(record.size == UInt64(published.bytes.count))
    #expect(record.chips == ["loihi-learn"])
    #expect(record.published == nil)
  }

  @Test func `a key that is no publisher's is refused`() {
    for key in [published.deploy, published.federation, SigningKey()] {
      #expect(refusal(signedBy: key)?.code == "unknown-signer")
    }
  }

  @Test func `a tampered manifest is refused`() throws {
    let envelope = ModelPublisher.sign(published.manifest(), with: [published.publisher])
    for position in stride(from: 0, to: envelope.count, by: 7) {
      var tampered = envelope
      tampered[position] ^= 1
      #expect(throws: IntakeError.self, "byte \(position)") {
        _ = try ModelIntake.published(
          manifest: tampered, bytes: published.bytes, root: published.root, at: published.now)
      }
    }
  }

  @Test func `an expired manifest is refused from its last microsecond on`() {
    #expect(refusal(at: Int64(PublishedModel.expires) - 1) == nil)
    #expect(refusal(at: Int64(PublishedModel.expires))?.code == "expired")
  }

  @Test func `each fact that does not hold is named`() {
    let zeros = wireBytes([UInt8](repeating: 0, count: 32))
    let cases: [(String, (inout WireManifest) -> Void)] = [
      ("model digest", { $0.modelDigest = zeros }), ("size", { $0.size += 1 }),
      ("chunk digests", { $0.chunkDigests[0] = zeros }), ("chunk digests", { $0.chunkSize = 1 }),
      ("name", { $0.name = "other" }), ("chips", { $0.chips = ["odin"] }),
      ("structure digest", { $0.structureDigest = zeros }),
      ("price digest", { $0.priceDigest = zeros }),
    ]
    for (field, change) in cases {
      guard case .mismatch(let found, _, _) = refusal(nil, change) else {
        Issue.record("a manifest with a false \(field) was taken")
        continue
      }
      #expect(found == field)
    }
  }

  @Test func `bytes that are no model are refused even when the manifest says so`() {
    let bytes = [UInt8](repeating: 7, count: 1_000)
    var manifest = ModelPublisher.manifest(
      of: published.model, bytes: bytes, releaseCounter: 1, createdMicroseconds: 1,
      expiresMicroseconds: PublishedModel.expires, permit: nil)
    manifest.name = "small"
    #expect(throws: IntakeError.self) {
      _ = try ModelIntake.published(
        manifest: ModelPublisher.sign(manifest, with: [published.publisher]), bytes: bytes,
        root: published.root, at: published.now)
    }
  }
}
