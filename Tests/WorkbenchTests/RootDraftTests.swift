import FleetProtocol
import Foundation
import Testing
import Workbench

/// The next root file, and the keys at hand for it.
@Suite struct RootDraftTests {
  private let rootKey = SigningKey()
  private let deploy = SigningKey()
  private let next = SigningKey()

  private func root() throws -> TrustRoot {
    let others = SigningKey().publicKey
    return try TrustRoot(
      envelope: TrustRoot.makeEnvelope(
        version: 1, expiresMicroseconds: 5,
        keys: [
          .root: [rootKey.publicKey], .publisher: [others], .deploy: [deploy.publicKey],
          .federation: [others],
        ], signers: [rootKey]))
  }

  private func id(_ key: SigningKey) -> String { Hex.text(key.id) }

  @Test func `a key is added, another removed, and the rest stays`() throws {
    let last = try root()
    var draft = RootDraft(following: last, expiresMicroseconds: 9)
    draft.add(next.publicKey, to: .deploy)
    draft.add(next.publicKey, to: .deploy)
    try draft.remove(idPrefix: String(id(deploy).prefix(8)).uppercased(), from: .deploy)
    let made = try last.successor(try draft.signed(by: [rootKey]))
    #expect(made.version == 2)
    #expect(made.expiresMicroseconds == 9)
    #expect(made[.deploy].keys == [next.publicKey])
    #expect(made[.publisher] == last[.publisher])
  }

  @Test func `digits that name no key, and a role that nobody can fulfil, are refused`() throws {
    var draft = RootDraft(following: try root(), expiresMicroseconds: 9)
    #expect(throws: RootDraftError.self) {
      try draft.remove(idPrefix: "zz", from: .deploy)
    }
    draft.require(2, of: .deploy)
    #expect(throws: RootDraftError.threshold(role: .deploy, threshold: 2, keys: 1)) {
      try draft.signed(by: [rootKey])
    }
    draft.require(1, of: .deploy)
    try draft.remove(idPrefix: "", from: .deploy)
    #expect(throws: RootDraftError.threshold(role: .deploy, threshold: 1, keys: 0)) {
      try draft.signed(by: [rootKey])
    }
  }

  @Test func `a rotation of the root key itself is complete with both signatures`() throws {
    let last = try root()
    var draft = RootDraft(following: last, expiresMicroseconds: 9)
    draft.add(next.publicKey, to: .root)
    try draft.remove(idPrefix: id(rootKey), from: .root)
    let half = try draft.signed(by: [next])
    #expect(
      RootDraft.missing(half, following: last) == .signers(role: .root, found: 0, needed: 1))
    let whole = try SignedDocument.countersign(half, as: .root, with: [rootKey])
    #expect(RootDraft.missing(whole, following: last) == nil)
  }

  @Test func `the root file in force chooses among the key files`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "keyring-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "deploy.key").path
    try SigningKeyFile(path: path).save(deploy)
    let ring = SigningKeyring(path: path, role: .deploy)
    let last = try root()
    #expect(try ring.keys(named: last).map(\.id) == [deploy.id])
    var draft = RootDraft(following: last, expiresMicroseconds: 9)
    draft.add(next.publicKey, to: .deploy)
    draft.require(2, of: .deploy)
    let both = try last.successor(try draft.signed(by: [rootKey]))
    #expect(throws: KeyringError.self) { try ring.keys(named: both) }
    try SigningKeyFile(path: folder.appending(path: "deploy-2.key").path).save(next)
    #expect(try ring.keys(named: both).map(\.id) == [deploy.id, next.id])
    try draft.remove(idPrefix: id(deploy), from: .deploy)
    draft.require(1, of: .deploy)
    let newest = try last.successor(try draft.signed(by: [rootKey]))
    #expect(try ring.keys(named: newest).map(\.id) == [next.id])
  }
}
