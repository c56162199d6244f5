import FleetCore
import FleetProtocol
import FleetStore
import Testing

/// A node that was cut off for a week comes back: both real stores and the coordinator's core.
@Suite struct BackfillTests {
  private static let start: UInt64 = 1_790_000_000_000_000
  private static let boot = [UInt8](repeating: 4, count: 16)

  /// A coordinator with two nodes in conversation, its directives carried out at once.
  private struct Coordinator {
    let store: FleetStore
    var core: CoordinatorCore
    var now = Instant(microseconds: Int64(start) + 7 * 86_400_000_000)
    static let nodes = [name("cut-off"), name("live")]

    private static func key(_ index: Int) -> String { String(repeating: "\(index)", count: 40) }

    init(folder: String) throws {
      store = try FleetStore(folder: folder)
      try store.commit(
        Self.nodes.enumerated().map { index, node in
          .nodeAccepted(
            NodeRecord(
              id: node, publicKey: Self.key(index), acceptedAt: Instant(microseconds: 5)))
        })
      core = CoordinatorCore(state: try store.start(), settings: CoordinatorSettings())
      for index in Self.nodes.indices {
        var hello = WireHello()
        (hello.versionMin, hello.versionMax) = (1, 2)
        hello.nodeID = Self.nodes[index].text
        hello.bootID = wireBytes(BackfillTests.boot)
        _ = try take(.hello(hello), nil, index, .control)
      }
    }

    mutating func take(
      _ message: Message, _ payload: [UInt8]?, _ index: Int, _ endpoint: WireEndpoint
    ) throws -> [(index: Int, answer: WireTelemetryAcknowledged)] {
      let session = core.sessions[Self.nodes[index]]?.number ?? 0
      let packet = Packet(message, session: session, sequence: 1, payload: payload)
      return try perform(
        core.handle(
          .received(
            ReplyAddress(endpoint: endpoint, routingID: [UInt8(index)]),
            user: PeerIdentity(node: Self.nodes[index], publicKey: Self.key(index)).text,
            frames: packet.frames()), at: now))
    }

    /// What each node is told at once.
    mutating func send(
      _ windows: [WireTelemetryWindow], _ index: Int
    ) throws -> [Int: UInt64] {
      var batch = WireTelemetryBatch()
      batch.bootID = wireBytes(BackfillTests.boot)
      batch.firstSequence = windows.first?.start ?? 0
      batch.lastSequence = windows.last?.sequence ?? 0
      var list = WireTelemetryWindows()
      list.windows = windows
      return told(
        try take(.telemetryBatch(batch), SignedDocument.encoded(list), index, .data))
    }

    /// Time passes; what each node is told is stored.
    mutating func tick() throws -> [Int: UInt64] {
      now = now.advanced(milliseconds: 250)
      return told(try perform(core.handle(.tick, at: now)))
    }

    private func told(
      _ answers: [(index: Int, answer: WireTelemetryAcknowledged)]
    ) -> [Int: UInt64] {
      Dictionary(uniqueKeysWithValues: answers.map { ($0.index, $0.answer.through) })
    }

    private func perform(
      _ directives: [CoordinatorDirective]
    ) throws -> [(index: Int, answer: WireTelemetryAcknowledged)] {
      var answers: [(index: Int, answer: WireTelemetryAcknowledged)] = []
      for directive in directives {
        if case .persist(let changes) = directive { try store.commit(changes) }
        if case .send(let address, let packet) = directive,
          case .telemetryAcknowledged(let answer) = packet.message
        {
          answers.append((Int(address.routingID[0]), answer))
        }
      }
      return answers
    }
  }

  private static func row(_ sequence: UInt64) -> WireTelemetryWindow {
    window(
      sequence, inferences: sequence * 500, counts: [sequence * 90_001, sequence * 17],
      at: start + sequence * 10_000_000)
  }

  /// The node's own newest windows are at the end of the week, so that it must not wait for ticks;
  /// another node's wait for a tick at most, whatever comes meanwhile.
  @Test func `a week of back-fill waits for no tick and delays no other node beyond one`() throws {
    let folder = try TemporaryFolder()
    let count: UInt64 = 7 * 24 * 360
    let agent = try AgentStore.inMemory()
    for first in stride(from: 1, through: count, by: 2_000) {
      try agent.commit(
        (first...min(first + 1_999, count)).map { .windowQueued(boot: Self.boot, Self.row($0)) })
    }
    var coordinator = try Coordinator(folder: folder.path)
    var (batches, ticks, live): (UInt64, UInt64, UInt64) = (0, 0, 0)
    while let batch = try agent.nextBatch() {
      var told = try coordinator.send(batch.windows, 0)
      #expect((told[0] == nil) == (batch.windows.count < 256), "only a full one is not collected")
      batches += 1
      if told[0] == nil || batches % 10 == 0 {
        live += 1
        #expect(try coordinator.send([Self.row(live)], 1).isEmpty)
        told.merge(try coordinator.tick()) { $1 }
        ticks += 1
        try #require(told[1] == live)
      }
      let stored = try #require(told[0])
      try agent.commit([.windowsAcknowledged(boot: Self.boot, through: stored)])
    }
    #expect(batches == (count + 255) / 256)
    #expect(ticks == batches / 10 + 1)
    var sequences: [UInt64] = []
    let span = Instant(microseconds: 0)..<Instant(microseconds: .max)
    try coordinator.store.readTelemetry(.raw, in: span, nodes: [Coordinator.nodes[0]]) {
      sequences = $0.windows.map(\.window.sequence)
    }
    #expect(sequences == Array(1...count))
    let total = try coordinator.store.totals().first { $0.node == Coordinator.nodes[0] }
    #expect(total?.counters == CumulativeCounters(Self.row(count)))
    #expect(try coordinator.store.events(limit: 10).isEmpty)
  }
}
