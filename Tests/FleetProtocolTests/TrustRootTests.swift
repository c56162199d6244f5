import FleetProtocol
import Testing

@Suite struct TrustRootTests {
  private let keys = FleetKeys()

  private func wire(_ change: (inout WireRoot) -> Void = { _ in }) -> WireRoot {
    var wire = WireRoot()
    wire.version = 1
    wire.expiresUs = 2
    for role in TrustRole.allCases {
      var entry = WireRootRole()
      entry.name = role.rawValue
      entry.threshold = 1
      entry.keys = (keys.byRole[role] ?? []).map { wireBytes($0) }
      wire.roles.append(entry)
    }
    change(&wire)
    return wire
  }

  private func read(_ wire: WireRoot, signers: [SigningKey]? = nil) throws(TrustError) -> TrustRoot
  {
    try TrustRoot(
      envelope: SignedDocument.sign(
        SignedDocument.encoded(wire), as: .root, with: signers ?? [keys.rootKey]))
  }

  @Test func `a root file reads back its version and expiry`() throws {
    let root = try keys.root()
    #expect(root.version == 3)
    #expect(root.expiresMicroseconds == 99)
  }

  @Test(arguments: TrustRole.allCases)
  func `a root file without one of the roles is refused`(role: TrustRole) {
    #expect(throws: TrustError.root(detail: "role \(role.rawValue) is missing")) {
      try read(wire { $0.roles.removeAll { $0.name == role.rawValue } })
    }
  }

  @Test func `a root file must be signed by the root key that it names`() {
    for signers in [[], [keys.publisher], [keys.deploy, SigningKey()]] as [[SigningKey]] {
      #expect(throws: TrustError.signers(role: .root, found: 0, needed: 1)) {
        try read(wire(), signers: signers)
      }
    }
  }

  @Test func `a role with unusable keys or threshold is refused`() throws {
    let tooMany = (0...TrustRoot.keysMax).map { _ in wireBytes(SigningKey().publicKey) }
    let changes: [(inout WireRootRole) -> Void] = [
      { $0.keys = [] }, { $0.threshold = 0 }, { $0.threshold = 2 }, { $0.threshold = .max },
      { $0.keys = [wireBytes([1, 2, 3])] }, { $0.keys.append($0.keys[0]) },
      { $0.keys = tooMany },
    ]
    for change in changes {
      #expect(
        throws: TrustError.root(detail: "role publisher has no usable keys or threshold")
      ) { try read(wire { change(&$0.roles[1]) }) }
    }
    _ = try read(wire { $0.roles[1].keys = Array(tooMany.dropLast()) })
  }

  @Test func `a role named twice is refused and an unknown one passed over`() throws {
    #expect(throws: TrustError.self) { try read(wire { $0.roles.append($0.roles[2]) }) }
    _ = try read(
      wire { wire in
        var entry = WireRootRole()
        entry.name = "auditor"
        wire.roles.append(entry)
      })
  }

  @Test func `a payload that is no root file is refused`() {
    let bytes = SignedDocument.sign([0xFF], as: .root, with: [keys.rootKey])
    #expect(throws: TrustError.payload(.root)) { try TrustRoot(envelope: bytes) }
  }

  @Test func `a threshold of two needs two different keys`() throws {
    let second = SigningKey()
    let root = try read(
      wire { wire in
        wire.roles[1].threshold = 2
        wire.roles[1].keys = [keys.publisher, second].map { wireBytes($0.publicKey) }
      })
    var manifest = WireManifest()
    manifest.name = "digits"
    let payload = SignedDocument.encoded(manifest)
    let both = SignedDocument.sign(payload, as: .manifest, with: [keys.publisher, second])
    #expect(try root.publishedManifest(both) == manifest)
    for signers in [[keys.publisher], [keys.publisher, keys.publisher], [second, keys.deploy]] {
      let bytes = SignedDocument.sign(payload, as: .manifest, with: signers)
      #expect(throws: TrustError.signers(role: .publisher, found: 1, needed: 2)) {
        try root.publishedManifest(bytes)
      }
    }
  }

  @Test func `each document is taken from its own role alone`() throws {
    let root = try keys.root()
    var manifest = WireManifest()
    manifest.name = "digits"
    let payload = SignedDocument.encoded(manifest)
    let published = SignedDocument.sign(payload, as: .manifest, with: [keys.publisher])
    let successor = SignedDocument.sign(payload, as: .manifest, with: [keys.federation])
    #expect(try root.publishedManifest(published) == manifest)
    #expect(try root.successorManifest(successor) == manifest)
    #expect(throws: TrustError.signers(role: .federation, found: 0, needed: 1)) {
      try root.successorManifest(published)
    }
    #expect(throws: TrustError.signers(role: .publisher, found: 0, needed: 1)) {
      try root.publishedManifest(successor)
    }
    var order = WireOrder()
    order.nodeID = "node-a"
    let orderBytes = SignedDocument.sign(
      SignedDocument.encoded(order), as: .order, with: [keys.deploy])
    #expect(try root.order(orderBytes) == order)
  }

  @Test func `a signed payload that is not its document is refused`() throws {
    let root = try keys.root()
    let order = SignedDocument.sign([0xFF], as: .order, with: [keys.deploy])
    #expect(throws: TrustError.payload(.order)) { try root.order(order) }
    let published = SignedDocument.sign([0xFF], as: .manifest, with: [keys.publisher])
    #expect(throws: TrustError.payload(.manifest)) { try root.publishedManifest(published) }
    let successor = SignedDocument.sign([0xFF], as: .manifest, with: [keys.federation])
    #expect(throws: TrustError.payload(.manifest)) { try root.successorManifest(successor) }
  }

  @Test func `each error has a stable code and says what was found`() {
    let all: [(error: TrustError, code: String, words: [String])] = [
      (.size(found: 7, limit: 5), "document-size", ["7", "5"]),
      (.envelope, "document-envelope", ["envelope"]),
      (.type(found: "a", expected: "b"), "document-type", ["`a`", "`b`"]),
      (.signatureCount(found: 17, limit: 16), "document-signatures", ["17", "16"]),
      (.signers(role: .deploy, found: 0, needed: 1), "unknown-signer", ["deploy", "0", "1"]),
      (.payload(.order), "document-payload", [DocumentType.order.rawValue]),
      (
        .expired(what: "order", expiredMicroseconds: 5, nowMicroseconds: 6), "expired",
        ["order", "5", "6", "sign a new one"]
      ),
      (.root(detail: "x"), "root", ["root file", "x"]),
      (.rootVersion(found: 4, expected: 2), "root-version", ["4", "2", "one after"]),
    ]
    for (error, code, words) in all {
      #expect(error.code == code)
      for word in words { #expect(error.description.contains(word)) }
    }
    #expect(Set(all.map(\.code)).count == all.count)
  }
}
