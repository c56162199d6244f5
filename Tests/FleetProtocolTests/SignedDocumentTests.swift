import Crypto
import FleetProtocol
import Foundation
import SwiftProtobuf
import Testing

@Suite struct SignedDocumentTests {
  private let keys = FleetKeys()

  private func envelope(_ bytes: [UInt8]) throws -> WireEnvelope {
    try WireEnvelope(serializedBytes: bytes)
  }

  @Test func `a signing key follows RFC 8032`() throws {
    let seed: [UInt8] = [
      0x9D, 0x61, 0xB1, 0x9D, 0xEF, 0xFD, 0x5A, 0x60, 0xBA, 0x84, 0x4A, 0xF4, 0x92, 0xEC, 0x2C,
      0xC4, 0x44, 0x49, 0xC5, 0x69, 0x7B, 0x32, 0x69, 0x19, 0x70, 0x3B, 0xAC, 0x03, 0x1C, 0xAE,
      0x7F, 0x60,
    ]
    let key = try #require(SigningKey(seed: seed))
    #expect(key.publicKey.prefix(4) == [0xD7, 0x5A, 0x98, 0x01])
    #expect(key.id == [UInt8](SHA256.hash(data: key.publicKey)))
    #expect(SigningKey(seed: Array(seed.dropLast())) == nil)
    #expect(SigningKey(seed: seed + [0]) == nil)
    #expect(!"\(key)".contains("9d61"))
  }

  @Test func `the signature covers DSSE's pre-authentication encoding`() throws {
    let payload: [UInt8] = Array("hello world".utf8)
    let type = DocumentType.order.rawValue
    let bytes = SignedDocument.sign(payload, as: .order, with: [keys.deploy])
    let envelope = try envelope(bytes)
    let signature = try #require(envelope.signatures.first)
    let message = Array("DSSEv1 \(type.utf8.count) \(type) 11 hello world".utf8)
    let key = try Curve25519.Signing.PublicKey(rawRepresentation: keys.deploy.publicKey)
    #expect(key.isValidSignature(signature.signature, for: message))
    #expect(signature.keyID.elementsEqual(keys.deploy.id))
    #expect(envelope.payloadType == type)
    #expect(envelope.payload.elementsEqual(payload))
  }

  @Test func `a signed payload comes back byte for byte`() throws {
    let root = try keys.root()
    for payload in [[], [0], [UInt8](repeating: 7, count: 70_000)] as [[UInt8]] {
      let bytes = SignedDocument.sign(payload, as: .order, with: [keys.deploy])
      #expect(try root.payload(of: bytes, as: .order, role: .deploy) == payload)
    }
  }

  @Test func `any changed bit of an envelope is refused`() throws {
    let root = try keys.root()
    let bytes = SignedDocument.sign([1, 2, 3, 4], as: .order, with: [keys.deploy])
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << UInt8(bit)
        #expect(throws: TrustError.self, "byte \(index), bit \(bit)") {
          try root.payload(of: changed, as: .order, role: .deploy)
        }
      }
    }
  }

  @Test func `an envelope cut anywhere is refused`() throws {
    let root = try keys.root()
    let order = SignedDocument.sign([1, 2, 3], as: .order, with: [keys.deploy])
    for count in order.indices {
      #expect(throws: TrustError.self, "cut at \(count)") {
        try root.payload(of: Array(order.prefix(count)), as: .order, role: .deploy)
      }
    }
    let envelope = keys.rootEnvelope()
    for count in envelope.indices {
      #expect(throws: TrustError.self, "cut at \(count)") {
        try TrustRoot(envelope: Array(envelope.prefix(count)))
      }
    }
  }

  @Test func `a document of another kind is refused, relabelled or not`() throws {
    let root = try keys.root()
    let manifest = SignedDocument.sign([1], as: .manifest, with: [keys.deploy])
    #expect(
      throws: TrustError.type(
        found: DocumentType.manifest.rawValue, expected: DocumentType.order.rawValue)
    ) { try root.payload(of: manifest, as: .order, role: .deploy) }
    var relabelled = try envelope(manifest)
    relabelled.payloadType = DocumentType.order.rawValue
    #expect(throws: TrustError.signers(role: .deploy, found: 0, needed: 1)) {
      try root.payload(of: SignedDocument.encoded(relabelled), as: .order, role: .deploy)
    }
  }

  @Test func `an unknown key and a key of another role are refused`() throws {
    let root = try keys.root()
    for stranger in [SigningKey(), keys.publisher, keys.federation, keys.rootKey] {
      let bytes = SignedDocument.sign([1], as: .order, with: [stranger])
      #expect(throws: TrustError.signers(role: .deploy, found: 0, needed: 1)) {
        try root.payload(of: bytes, as: .order, role: .deploy)
      }
    }
    let bytes = SignedDocument.sign([1], as: .order, with: [])
    #expect(throws: TrustError.signers(role: .deploy, found: 0, needed: 1)) {
      try root.payload(of: bytes, as: .order, role: .deploy)
    }
  }

  @Test func `a known key's id over a stranger's signature is refused`() throws {
    let root = try keys.root()
    var forged = try envelope(SignedDocument.sign([1], as: .order, with: [SigningKey()]))
    forged.signatures[0].keyID = wireBytes(keys.deploy.id)
    #expect(throws: TrustError.signers(role: .deploy, found: 0, needed: 1)) {
      try root.payload(of: SignedDocument.encoded(forged), as: .order, role: .deploy)
    }
  }

  @Test func `a stranger's signature beside a good one does no harm`() throws {
    let root = try keys.root()
    let bytes = SignedDocument.sign([5], as: .order, with: [SigningKey(), keys.deploy])
    #expect(try root.payload(of: bytes, as: .order, role: .deploy) == [5])
  }

  @Test func `sixteen signatures are taken and seventeen refused`() throws {
    let root = try keys.root()
    let strangers = (0..<15).map { _ in SigningKey() }
    let full = SignedDocument.sign([1], as: .order, with: strangers + [keys.deploy])
    #expect(try root.payload(of: full, as: .order, role: .deploy) == [1])
    let over = SignedDocument.sign(
      [1], as: .order, with: strangers + [keys.deploy, keys.deploy])
    #expect(throws: TrustError.signatureCount(found: 17, limit: 16)) {
      try root.payload(of: over, as: .order, role: .deploy)
    }
  }

  @Test func `an envelope one byte past its limit is refused`() throws {
    let root = try keys.root()
    let overhead =
      SignedDocument.sign(
        [UInt8](repeating: 0, count: 1_000_000), as: .order, with: [keys.deploy]
      ).count - 1_000_000
    let most = SignedDocument.bytesMax - overhead
    let full = SignedDocument.sign(
      [UInt8](repeating: 1, count: most), as: .order, with: [keys.deploy])
    #expect(full.count == SignedDocument.bytesMax)
    #expect(try root.payload(of: full, as: .order, role: .deploy).count == most)
    #expect(
      throws: TrustError.size(
        found: SignedDocument.bytesMax + 1, limit: SignedDocument.bytesMax)
    ) {
      try root.payload(of: full + [0], as: .order, role: .deploy)
    }
  }
}

/// One key for each role, and the root file that names them.
struct FleetKeys {
  let rootKey = SigningKey()
  let publisher = SigningKey()
  let deploy = SigningKey()
  let federation = SigningKey()

  var byRole: [TrustRole: [[UInt8]]] {
    [
      .root: [rootKey.publicKey], .publisher: [publisher.publicKey],
      .deploy: [deploy.publicKey], .federation: [federation.publicKey],
    ]
  }

  func rootEnvelope() -> [UInt8] {
    TrustRoot.makeEnvelope(
      version: 3, expiresMicroseconds: 99, keys: byRole, signers: [rootKey])
  }

  func root() throws(TrustError) -> TrustRoot { try TrustRoot(envelope: rootEnvelope()) }
}
