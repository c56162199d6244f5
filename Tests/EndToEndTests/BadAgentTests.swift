import CompiledModel
import Crypto
import Federation
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing
import Workbench
import ZeroMQTransport

/// A peer that breaks the rules is counted and refused with a code; the fleet goes on.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BadAgentTests {
  @Test func `an unknown key is refused at the door and shown as pending`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    let keys = try CurveKeyPair.generate()
    let stranger = try await RawAgent(fleet, keys: keys)
    let isAdmitted = await stranger.open(.control)
    #expect(!isAdmitted)
    let pending = try await fleet.client().pending()
    #expect(pending.map(\.publicKey) == [keys.publicKey.z85])
  }

  @Test func `a node id that is not the key's is refused`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let peer = try await accepted(fleet, "north")
    guard case .refused(let refused) = try await peer.hello(node: "south") else {
      Issue.record("a false node id was welcomed")
      return
    }
    #expect(refused.code == "node-mismatch")
    try await counted("node-mismatch", fleet)
  }

  @Test func `a connection made with a replaced key ends at its next message`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let peer = try await accepted(fleet, "north")
    _ = try await peer.hello(node: "north")
    peer.send(.goodbye(WireGoodbye()))
    _ = try await eventually("north is offline", log: { fleet.logs }) {
      try await fleet.client().nodes().first?.liveness == "offline" ? true : nil
    }
    let other = try CurveKeyPair.generate()
    let refused = try await fleet.client().accept(
      AcceptRequest(name: "north", publicKey: other.publicKey.z85),
      requestID: FleetClient.newRequestID())
    #expect(refused.code == "duplicate-name" && refused.detail.contains("node replace"))
    var request = NodeRequest(.replace)
    request.publicKey = other.publicKey.z85
    let answer = try await fleet.client().order(
      request, node: "north", requestID: FleetClient.newRequestID())
    #expect(answer.done, "\(answer.detail)")
    // The connection is alive; the cut comes with the replacement or with this.
    peer.send(.heartbeat(WireHeartbeat()))
    try await peer.refusal(.control)
  }

  @Test func `a version that nobody speaks is refused`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let peer = try await accepted(fleet, "north")
    guard case .refused(let refused) = try await peer.hello(node: "north", version: 99) else {
      Issue.record("version 99 was welcomed")
      return
    }
    #expect(refused.code == "version")
  }

  @Test func `three malformed messages close the session, and each is counted`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let peer = try await accepted(fleet, "north")
    _ = try await peer.hello(node: "north")
    let good = Packet(.goodbye(WireGoodbye()), session: peer.session, sequence: 9).frames()
    peer.send(.control, frames: [good[0]])
    var wrongVersion = good
    wrongVersion[0][4] = 77
    peer.send(.control, frames: wrongVersion)
    peer.send(.control, frames: [Array(good[0].dropLast()), good[1]])
    let reset = try await peer.next {
      if case .reset = $0 { true } else { false }
    }
    guard case .reset(let body) = reset else { return }
    #expect(body.reason.contains("3 malformed messages"))
    for code in ["frame-count", "version", "header-size"] { try await counted(code, fleet) }
    let events = try await fleet.client().events(after: 0, about: nil, limit: 100)
    #expect(events.contains { $0.kind == "session.closed" && $0.subject == "north" })
  }

  @Test(arguments: ["shape", "non-finite", "base-digest", "sample-count"])
  func `an update that does not fit is refused for good`(code: String) async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let peer = try await accepted(fleet, "north")
    let digest = try await fleet.push()
    _ = try await peer.hello(node: "north")
    try await fleet.startJob("learn", digest, rounds: 1)
    let offered = try await peer.next {
      if case .roundOffer = $0 { true } else { false }
    }
    guard case .roundOffer(let offer) = offered else { return }
    let bytes = try update(code, fleet, base: digest)
    let isOpen = await peer.open(.data)
    #expect(isOpen)
    try await upload(bytes, peer, offer)
    let verdict = try await peer.next {
      if case .roundVerdict = $0 { true } else { false }
    }
    guard case .roundVerdict(let body) = verdict else { return }
    #expect(body.verdict == .refused)
    #expect(body.code == code, "\(body.detail)")
    let job = try await fleet.job("learn")
    let participant = job?.rounds.first?.participants.first
    #expect(participant?.state == "refused")
    #expect(participant?.code == code)
  }

  @Test func `a model's own bytes sent as an update leave the model where it is`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let peer = try await accepted(fleet, "north")
    let digest = try await fleet.push()
    _ = try await peer.hello(node: "north")
    try await fleet.startJob("learn", digest, rounds: 1)
    let offered = try await peer.next {
      if case .roundOffer = $0 { true } else { false }
    }
    guard case .roundOffer(let offer) = offered else { return }
    let isOpen = await peer.open(.data)
    #expect(isOpen)
    try await upload(fleet.model.encoded(), peer, offer)
    let verdict = try await peer.next {
      if case .roundVerdict = $0 { true } else { false }
    }
    guard case .roundVerdict(let body) = verdict else { return }
    #expect(body.verdict == .refused)
    let held = try await fleet.client().blob(digest)
    #expect(held == fleet.model.encoded())
  }

  // MARK: parts

  private func accepted(_ fleet: TestFleet, _ node: String) async throws -> RawAgent {
    try await fleet.startCoordinator()
    let keys = try NodeKeys.load(folder: fleet.folder, node: node)
    let answer = try await fleet.client().accept(
      AcceptRequest(name: node, publicKey: keys.publicKey.z85),
      requestID: FleetClient.newRequestID())
    #expect(answer.done, "\(answer.detail)")
    let peer = try await RawAgent(fleet, keys: keys)
    let isOpen = await peer.open(.control)
    #expect(isOpen)
    return peer
  }

  private func counted(_ code: String, _ fleet: TestFleet) async throws {
    _ = try await eventually("\(code) is counted", log: { fleet.logs }) {
      try await fleet.client().status().refusedFrames[code].flatMap { $0 > 0 ? true : nil }
    }
  }

  private func update(
    _ fault: String, _ fleet: TestFleet, base: ContentDigest
  ) throws -> [UInt8] {
    let shape = UpdateDoor.shape(of: fleet.model)
    var layers = shape.map { layer in
      LayerDelta(
        layer: layer.layer, exponent: layer.exponent,
        deltas: [Int32](repeating: 1, count: layer.count))
    }
    var digest = base.bytes
    var samples: UInt32 = 100
    switch fault {
    case "shape": layers[0].values = .int16([1, 2, 3])
    case "non-finite":
      var values = [Float](repeating: 0.5, count: shape[0].count)
      values[7] = .nan
      layers[0].values = .float32(values)
    case "base-digest": digest[0] ^= 1
    default: samples = 1_000_000
    }
    return ModelUpdate(base: digest, samples: samples, correct: 0, layers: layers).encoded()
  }

  private func upload(_ bytes: [UInt8], _ peer: RawAgent, _ offer: WireRoundOffer) async throws {
    var announce = WireUpdateAnnounce()
    announce.key = offer.key
    announce.digest = wireBytes(SHA256.hash(data: bytes))
    announce.size = UInt64(bytes.count)
    announce.samples = offer.samples
    peer.send(.updateAnnounce(announce))
    _ = try await peer.next {
      if case .updateWanted = $0 { true } else { false }
    }
    for start in stride(from: 0, to: bytes.count, by: Limits.chunkBytes) {
      var chunk = WireUpdateChunk()
      chunk.key = offer.key
      chunk.digest = announce.digest
      chunk.offset = UInt64(start)
      let end = min(start + Limits.chunkBytes, bytes.count)
      peer.send(.updateChunk(chunk), payload: Array(bytes[start..<end]))
    }
  }
}
