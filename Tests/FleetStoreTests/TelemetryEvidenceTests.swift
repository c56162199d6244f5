import FleetCore
import FleetProtocol
import FleetStore
import Testing

/// What gates are given: only increments that hold up, and how much was left out.
@Suite struct TelemetryEvidenceTests {
  private let store: FleetStore
  private let node = name("a")
  private static let start: UInt64 = 1_790_000_000_000_000

  init() throws {
    store = try FleetStore.inMemory()
    _ = try store.start()
    try store.commit([
      .nodeAccepted(NodeRecord(id: node, publicKey: "a", acceptedAt: Instant(microseconds: 5)))
    ])
    store.judge { $0.prices[digest(1)] = [1] }
  }

  private func at(_ seconds: UInt64) -> Instant {
    Instant(microseconds: Int64(Self.start + seconds * 1_000_000))
  }

  private func keep(_ windows: [(sequence: UInt64, inferences: UInt64, events: UInt64)]) throws {
    let rows = windows.map { row in
      window(
        row.sequence, inferences: row.inferences, counts: [row.events], price: digest(1),
        at: Self.start + row.sequence * 1_000_000)
    }
    try store.commit([.telemetryStored(node, boot: boot, windows: rows, at: at(100))])
  }

  @Test func `implausible data is stored and adds nothing to what a gate reads`() throws {
    try keep([(1, 0, 0), (2, 10, 5), (3, 20, 9_000_000), (4, 30, 9_000_007), (5, 3, 9_000_008)])
    let evidence = try store.evidence(about: node, in: at(2)..<at(6))
    #expect(evidence.windows == 2)
    #expect(evidence.leftOut == 2)
    #expect(evidence.flags == [.power, .counterFell])
    let part = try #require(evidence.parts.first)
    #expect(evidence.parts.count == 1)
    #expect(part.price == digest(1))
    #expect(part.counters.inferences == 20)
    #expect(part.counters.inferenceCounts == [12])
    #expect(part.microseconds == 2_000_000)
    #expect(try store.telemetry(node: node, limit: 9).count == 5)
  }

  @Test func `a shadow is compared window by window, and none of it across a boot`() throws {
    func tally(_ sequence: UInt64, _ samples: UInt64, _ model: ContentDigest?)
      -> WireTelemetryWindow
    {
      var row = window(
        sequence, inferences: sequence * 10, counts: [sequence], price: digest(1),
        at: Self.start + sequence * 1_000_000)
      row.shadow.modelDigest = wireBytes(model?.bytes ?? [])
      row.shadow.samples = samples
      row.shadow.labelled = samples
      row.shadow.onlyServing = samples / 2
      row.shadow.shadowCounts = [samples * 3]
      return row
    }
    let rows = [
      tally(1, 0, nil), tally(2, 4, digest(7)), tally(3, 10, digest(7)), tally(4, 10, nil),
      tally(5, 16, digest(8)),
    ]
    try store.commit([.telemetryStored(node, boot: boot, windows: rows, at: at(100))])
    let next = [tally(1, 0, nil), tally(2, 2, digest(8))]
    let second = [UInt8](repeating: 9, count: 16)
    try store.commit([.telemetryStored(node, boot: second, windows: next, at: at(100))])
    let steps = try store.evidence(about: node, in: at(0)..<at(99)).shadowSteps
    #expect(steps.map(\.shadow) == [digest(7), digest(7), digest(8), digest(8)])
    #expect(steps.map(\.tally.samples) == [4, 6, 6, 2])
    #expect(steps.map(\.tally.onlyServing) == [2, 3, 3, 1])
    #expect(steps.map(\.tally.shadowCounts) == [[12], [18], [18], [6]])
    #expect(steps.allSatisfy { $0.price == digest(1) })
  }

  @Test func `the span bounds it, and windows before which nothing is known are left out`() throws {
    try keep((1...40).map { ($0, $0 * 10, $0) })
    let evidence = try store.evidence(about: node, in: at(11)..<at(21))
    #expect(evidence.windows == 10)
    #expect(evidence.parts.first?.counters.inferences == 100)
    #expect(try store.evidence(about: name("b"), in: at(0)..<at(99)) == TelemetryEvidence())
    try store.retain(TelemetryRetention(days: [.raw: 1]), at: at(3 * 86_400))
    let later = Self.start + 3 * 86_400_000_000
    try store.commit([
      .telemetryStored(
        node, boot: boot,
        windows: [
          window(41, inferences: 999, counts: [41], price: digest(1), at: later),
          window(42, inferences: 1_000, counts: [42], price: digest(1), at: later + 1_000_000),
        ], at: at(3 * 86_400))
    ])
    let newest = try store.evidence(about: node, in: at(86_400)..<at(9 * 86_400))
    #expect(newest.leftOut == 1)
    #expect(newest.parts.first?.counters.inferences == 1)
  }
}
