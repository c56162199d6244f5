import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import NetworkCompiler
import NetworkTraining
import Testing
import Workbench

/// A model's way to a node, counted on the wire: what is held does not come again.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TransferTests {
  /// Frames around chunks, CURVE's share, the handshake, acknowledgements of telemetry.
  private static let aroundChunks = 32 * 1_024
  /// What is on its way at a time, and may have come without being kept yet.
  private static let credit = Limits.chunkCreditMax * Limits.chunkBytes

  @Test func `a changed layer moves 1.2 times its bytes at most, a small one a chunk`() async throws
  {
    let model = try Self.model()
    let (fleet, relay) = try await fleet(model)
    defer { relay.stop() }
    try await fleet.deploy(fleet.push())
    #expect(relay.moved >= model.encoded().count)
    // The second hidden layer has 2 MiB of weights.
    var changed = model
    let layer = changed.layers[1].connections[0].weights.count
    #expect(layer >= 1 << 20)
    Self.negate(&changed, layer: 1, everySynapse: true)
    var before = relay.moved
    try await fleet.deploy(fleet.push(changed))
    let moved = relay.moved - before
    #expect(moved >= layer && Double(moved) <= 1.2 * Double(layer), "\(moved) for \(layer)")
    // The readout has 10 KiB of weights: its chunk, and the header's.
    Self.negate(&changed, layer: changed.layers.count - 1, everySynapse: false)
    before = relay.moved
    try await fleet.deploy(fleet.push(changed))
    #expect(relay.moved - before <= 2 * Limits.chunkBytes + Self.aroundChunks)
  }

  @Test(arguments: ["north", "coordinator"])
  func `a transfer goes on from what was verified after either side was killed`(
    victim: String
  ) async throws {
    let model = try Self.model()
    let size = model.encoded().count
    let (fleet, relay) = try await fleet(model)
    defer { relay.stop() }
    let digest = try await fleet.push()
    let held = 5 * size / 8
    relay.hold(after: held)
    let answer = try await fleet.client().deploy(
      DeployRequest(model: digest.hex, nodes: []), requestID: FleetClient.newRequestID())
    #expect(answer.done, "\(answer.detail)")
    _ = try await eventually("so much has moved", log: { fleet.logs }) {
      relay.isHolding ? true : nil
    }
    try #require(fleet.daemon(victim)).kill()
    relay.release()
    let before = relay.moved
    if victim == "north" {
      try Self.startAgent(fleet, relay)
    } else {
      try await fleet.startCoordinator()
    }
    _ = try await eventually("the model serves", log: { fleet.logs }) {
      let nodes = try await fleet.reachable { try await fleet.client().nodes() }
      return nodes?.first?.phase == "active" ? true : nil
    }
    let rest = size - held + Self.credit + Self.aroundChunks
    #expect(rest < size)
    #expect(relay.moved - before <= rest, "\(relay.moved - before) of \(size) moved again")
  }

  /// Hollow agents with real sockets; the coordinator's memory is read from outside.
  @Test func `a hundred agents that fetch at once cost a coordinator 64 MiB at most`() throws {
    struct Figures: Decodable { var coordinatorMebibytesFanOut: Double }
    let outcome = try Programs.run(
      Programs.tool,
      [
        "simulate", "fleet", "--nodes", "100", "--model-bytes", "\(1 << 20)", "--commands", "1",
        "--singles", "0", "--hold", "0", "-o", "json",
      ])
    try #require(outcome.status == 0, "\(outcome.errors)")
    let figures = try JSONDecoder().decode(Figures.self, from: Data(outcome.output.utf8))
    #expect(figures.coordinatorMebibytesFanOut <= 64)
  }

  // MARK: parts

  /// One node, whose data connection goes through a relay that counts.
  private func fleet(_ model: CompiledModel) async throws -> (TestFleet, CountingProxy) {
    let fleet = try TestFleet(nodes: ["north"], model: model)
    try await fleet.startCoordinator()
    let address = try await fleet.client().status().dataAddress
    let relay = try CountingProxy(
      to: #require(UInt16(address.split(separator: ":").last ?? "")))
    try Self.startAgent(fleet, relay)
    try await fleet.acceptAll()
    return (fleet, relay)
  }

  private static func startAgent(_ fleet: TestFleet, _ relay: CountingProxy) throws {
    try fleet.startAgent("north", ["--coordinator-data", "tcp://127.0.0.1:\(relay.port)"])
  }

  /// Two layers of 2 MiB each that do not learn, 4.2 MiB in all.
  private static func model() throws -> CompiledModel {
    let template = NetworkTemplate(
      name: "wide", inputs: TestFleet.channels, hidden: [1_024, 2_048, 1_024],
      classes: TestFleet.classes, hiddenDeviation: 0.15, outputDeviation: 0.1, encoderSeed: 7,
      weightSeed: 3, plasticity: nil)
    let chip = try ChipFile.chip(
      contentsOf: SmallModel.packageFile("fleet-configs/chips/loihi-learn.yaml"))
    return try NetworkCompiler.compile(template.network(), for: chip).model
  }

  /// Other weights of the same size in the same places.
  private static func negate(_ model: inout CompiledModel, layer: Int, everySynapse: Bool) {
    guard case .fixed(var weights) = model.layers[layer].connections[0].weights else { return }
    for index in everySynapse ? weights.indices : 0..<1 { weights[index] = -weights[index] | 1 }
    model.layers[layer].connections[0].weights = .fixed(weights)
  }
}
