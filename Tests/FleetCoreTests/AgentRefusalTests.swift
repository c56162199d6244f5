import FleetCore
import FleetProtocol
import Testing

@Suite struct AgentRefusalTests {
  /// Delivers a desired state and returns the code it was refused with, nil when accepted.
  private func code(
    _ desired: WireDesiredState, chip: String = FleetFixture.chip,
    state: AgentState = AgentState(), quota: UInt64 = .max
  ) -> String? {
    var bench = AgentBench(state: state, chip: chip, quota: quota)
    bench.connect()
    let directives = bench.receive(.desiredState(desired))
    guard let observed = bench.stored.observed else { return nil }
    #expect(observed.phase == .refused && !observed.detail.isEmpty)
    let persisted = directives.index { if case .persist = $0 { true } else { false } }
    let sent = directives.index { if case .send = $0 { true } else { false } }
    #expect(persisted < sent, "refusals are stored before they are told")
    #expect(directives.observed.first?.code == observed.code)
    #expect(bench.stored.accepted == nil)
    // The same again is answered from the store and never verified again.
    let again = bench.receive(.desiredState(desired))
    #expect(again.agentChanges.isEmpty && again.observed.count == 1)
    return observed.code
  }

  private let node = AgentBench.node
  private let generation = AgentBench.generation

  @Test func `a sound desired state is accepted`() {
    let model = FixtureModel.published()
    #expect(code(model.desired(node, generation)) == nil)
  }

  @Test func `a model beyond the node's quota is refused, beside what serves or alone`() {
    let model = FixtureModel.published()
    let size = model.record.size
    #expect(code(model.desired(node, generation), quota: size) == nil)
    #expect(code(model.desired(node, generation), quota: size - 1) == "quota")
    var state = AgentState()
    let served = FixtureModel.published(seed: 9)
    state.active = AcceptedModel(
      generation: .none, name: served.record.name, releaseCounter: 0,
      model: served.record.digest, manifest: served.record.manifest, baseManifest: [])
    let both = size + served.record.size
    #expect(code(model.desired(node, generation), state: state, quota: both) == nil)
    #expect(code(model.desired(node, generation), state: state, quota: both - 1) == "quota")
  }

  @Test func `an unknown signer of order or manifest is refused`() {
    let model = FixtureModel.published()
    #expect(
      code(model.desired(node, generation, signer: FleetFixture.stranger)) == "unknown-signer")
    #expect(
      code(model.desired(node, generation, signer: FleetFixture.publisher)) == "unknown-signer")
    for signer in [FleetFixture.stranger, FleetFixture.deploy, FleetFixture.federation] {
      let forged = FixtureModel.published(signer: signer)
      #expect(code(forged.desired(node, generation)) == "unknown-signer")
    }
  }

  @Test func `an order for another node or generation is refused`() {
    let model = FixtureModel.published()
    #expect(code(model.desired(CoordinatorBench.nodes[1], generation)) == "node-mismatch")
    let other = model.desired(node, generation) {
      $0.generation = Generation(epoch: 1, number: 9).wire
    }
    #expect(code(other) == "generation-mismatch")
  }

  @Test func `what has expired is refused, by the later of both clocks`() {
    let model = FixtureModel.published()
    let noon = UInt64(FleetFixture.noon.microseconds)
    #expect(code(model.desired(node, generation) { $0.expiresUs = noon }) == "expired")
    #expect(code(model.desired(node, generation) { $0.expiresUs = noon + 1 }) == nil)
    let old = FixtureModel.published { $0.expiresUs = noon }
    #expect(code(old.desired(node, generation)) == "expired")
    var bench = AgentBench()
    bench.handle(.started)
    bench.handle(.linked(.control))
    var welcome = WireWelcome()
    welcome.version = 1
    welcome.heartbeatMilliseconds = 1_000
    welcome.liveness = 3
    welcome.epoch = 1
    welcome.serverTimeUs = noon + 10
    bench.receive(.welcome(welcome))
    let desired = model.desired(node, generation) { $0.expiresUs = noon + 5 }
    bench.receive(.desiredState(desired))
    #expect(bench.stored.observed?.code == "expired")
  }

  @Test func `a model for another chip is refused`() {
    #expect(code(FixtureModel.published().desired(node, generation), chip: "odin") == "wrong-chip")
  }

  @Test func `a lower release than one that has run is refused, the same is not`() {
    var state = AgentState()
    state.releaseFloors[FleetFixture.identifier("digits")] = 4
    #expect(
      code(FixtureModel.published(counter: 3).desired(node, generation), state: state)
        == "release-counter")
    #expect(
      code(FixtureModel.published(counter: 4).desired(node, generation), state: state) == nil)
  }

  private func spoiled(_ bytes: [UInt8]) -> [UInt8] {
    var spoiled = bytes
    spoiled[bytes.count / 2] ^= 1
    return spoiled
  }

  @Test func `a tampered manifest or order is refused`() {
    let model = FixtureModel.published()
    var desired = model.desired(node, generation)
    desired.manifest = wireBytes(spoiled([UInt8](desired.manifest)))
    #expect(["unknown-signer", "document-envelope"].contains(code(desired) ?? ""))
    desired = model.desired(node, generation)
    desired.order = wireBytes(spoiled([UInt8](desired.order)))
    #expect(["unknown-signer", "document-envelope"].contains(code(desired) ?? ""))
    desired = model.desired(node, generation)
    desired.manifest = wireBytes([1, 2, 3])
    #expect(code(desired) != nil)
    desired = model.desired(node, generation)
    desired.manifest = wireBytes(FixtureModel.published(seed: 3).envelope)
    #expect(code(desired) == "manifest-digest")
  }

  @Test func `facts that do not fit together are refused`() {
    let cases: [(String, (inout WireManifest) -> Void)] = [
      ("size", { $0.size = UInt64(Limits.modelBytesMax) + 1 }),
      ("size", { $0.size = 0 }),
      ("chunks", { $0.chunkDigests.removeLast() }),
      ("chunks", { $0.chunkDigests[0] = wireBytes([1]) }),
      ("chunks", { $0.chunkSize = 1_024 }),
      ("name", { $0.name = "../digits" }),
    ]
    for (expected, change) in cases {
      var manifest = FixtureModel.published().manifest
      change(&manifest)
      let payload = SignedDocument.encoded(manifest)
      let envelope = SignedDocument.sign(payload, as: .manifest, with: [FleetFixture.publisher])
      var desired = FixtureModel.published().desired(node, generation) {
        $0.manifestDigest = wireBytes(FleetFixture.digest(payload).bytes)
      }
      desired.manifest = wireBytes(envelope)
      #expect(code(desired) == expected)
    }
  }

  // MARK: federated successors

  private func successor(
    of base: FixtureModel = .published(), signer: SigningKey = FleetFixture.federation,
    change: (inout WireManifest) -> Void = { _ in }
  ) -> String? {
    let bytes = FleetFixture.bytes(70_000, from: [42])
    let model = base.successor(bytes: bytes, signer: signer, change: change)
    return code(model.desired(node, generation, base: base))
  }

  @Test func `a permitted successor is accepted, from the federation key only`() {
    #expect(successor() == nil)
    #expect(successor(signer: FleetFixture.publisher) == "unknown-signer")
    #expect(successor(signer: FleetFixture.deploy) == "unknown-signer")
    let alone = FixtureModel.published().successor(bytes: FleetFixture.bytes(70_000, from: [42]))
    #expect(code(alone.desired(node, generation)) == "unknown-signer")
  }

  @Test func `a successor with another structure, price, name, size or release is refused`() {
    #expect(
      successor { $0.structureDigest = wireBytes([UInt8](repeating: 1, count: 32)) }
        == "structure")
    #expect(
      successor { $0.priceDigest = wireBytes([UInt8](repeating: 1, count: 32)) } == "structure")
    #expect(successor { $0.name = "other" } == "provenance")
    #expect(successor { $0.releaseCounter += 1 } == "provenance")
  }

  @Test func `a successor of another published model is refused`() {
    #expect(
      successor { $0.provenance.publishedDigest = wireBytes([UInt8](repeating: 1, count: 32)) }
        == "provenance")
    #expect(successor { $0.clearProvenance() } == "provenance")
  }

  @Test func `a successor without a permit that still holds is refused`() {
    #expect(successor(of: .published { $0.clearPermit() }) == "permit")
    #expect(successor(of: .published { $0.permit.untilUs = 5 }) == "expired")
    #expect(successor(of: .published(signer: FleetFixture.federation)) == "unknown-signer")
    #expect(successor(of: .published { $0.chips = ["odin"] }) == "wrong-chip")
  }

  @Test func `a round offer is held against the same rules`() {
    var bench = AgentBench()
    bench.connect()
    let forged = FixtureModel.published(signer: FleetFixture.stranger)
    let first = bench.receive(.roundOffer(bench.offer(model: forged)))
    #expect(first.answers.map(\.code) == ["unknown-signer"])
    #expect(first.answers.map(\.accepted) == [false])
    #expect(bench.stored.trainings.isEmpty)
    let unpermitted = FixtureModel.published { $0.clearPermit() }
    let next = unpermitted.successor(bytes: FleetFixture.bytes(70_000, from: [1]))
    let second = bench.receive(.roundOffer(bench.offer(model: next, base: unpermitted)))
    #expect(second.answers.map(\.code) == ["permit"])
  }
}
