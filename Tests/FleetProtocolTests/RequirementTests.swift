import FleetProtocol
import Testing

/// The security requirements on documents and frames, named by their number.
@Suite struct RequirementTests {
  @Test func `requirement 12: a root file's threshold is kept`() throws {
    let keys = FleetKeys()
    let second = SigningKey()
    var wire = WireRoot()
    wire.version = 1
    wire.expiresUs = 2
    for role in TrustRole.allCases {
      var entry = WireRootRole()
      entry.name = role.rawValue
      entry.threshold = role == .publisher ? 2 : 1
      entry.keys = (keys.byRole[role] ?? []).map { wireBytes($0) }
      if role == .publisher { entry.keys.append(wireBytes(second.publicKey)) }
      wire.roles.append(entry)
    }
    let root = try TrustRoot(
      envelope: SignedDocument.sign(
        SignedDocument.encoded(wire), as: .root, with: [keys.rootKey]))
    let payload = SignedDocument.encoded(WireManifest())
    let one = SignedDocument.sign(payload, as: .manifest, with: [keys.publisher])
    #expect(throws: TrustError.signers(role: .publisher, found: 1, needed: 2)) {
      try root.publishedManifest(one)
    }
    let both = SignedDocument.sign(payload, as: .manifest, with: [keys.publisher, second])
    #expect(try root.publishedManifest(both) == WireManifest())
    // What follows a root file must be signed by it, not by itself alone.
    wire.version = 2
    let thief = SigningKey()
    wire.roles[0].keys = [wireBytes(thief.publicKey)]
    let taken = SignedDocument.sign(SignedDocument.encoded(wire), as: .root, with: [thief])
    #expect(throws: TrustError.signers(role: .root, found: 0, needed: 1)) {
      try root.successor(taken)
    }
    let given = SignedDocument.sign(
      SignedDocument.encoded(wire), as: .root, with: [thief, keys.rootKey])
    #expect(try root.successor(given).version == 2)
  }

  @Test func `requirement 15: frames cut or changed anywhere are read or refused`() {
    var refused = 0
    for message in WireSamples.messages {
      let rule = message.type.rule
      let frames = Packet(
        message, session: 3, sequence: 4, payload: WireSamples.payload(message.type)
      ).frames()
      for index in frames.indices {
        for count in 0..<min(frames[index].count, 300) {
          var cut = frames
          cut[index] = Array(cut[index].prefix(count))
          var changed = frames
          changed[index][count] ^= 0xA5
          for candidate in [cut, changed] {
            do throws(FrameRefusal) {
              _ = try Packet(frames: candidate, endpoint: rule.endpoint, direction: rule.direction)
            } catch {
              refused += 1
            }
          }
        }
      }
    }
    #expect(refused > 1_000)
  }
}
