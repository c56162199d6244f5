import FleetCore
import FleetProtocol
import FleetStore
import Testing

@Suite struct TelemetryStoreTests {
  private let store: FleetStore
  private let node = name("a")
  private let at = Instant(microseconds: 5)

  init() throws {
    store = try FleetStore.inMemory()
    _ = try store.start()
    try store.commit(
      ["a", "b"].map { .nodeAccepted(NodeRecord(id: name($0), publicKey: $0, acceptedAt: at)) })
  }

  private func keep(
    _ windows: [WireTelemetryWindow], boot: [UInt8] = boot, node: Identifier? = nil
  ) throws(StoreError) {
    try store.commit([
      .telemetryStored(node ?? self.node, boot: boot, windows: windows, at: at)
    ])
  }

  private func total(_ price: ContentDigest?) throws -> CumulativeCounters? {
    try store.totals().first { $0.node == node && $0.price == price }?.counters
  }

  @Test func `counters are summed over boots, not over windows`() throws {
    try keep([
      window(1, inferences: 10, counts: [5, 1]), window(2, inferences: 25, counts: [9, 2]),
    ])
    try keep([window(3, inferences: 40, counts: [10, 2, 7])])
    let second = [UInt8](repeating: 1, count: 16)
    try keep([window(1, inferences: 3, counts: [1])], boot: second)
    let sum = try #require(try total(nil))
    #expect(sum.inferences == 43)
    #expect(sum.inferenceCounts == [11, 2, 7])
  }

  @Test func `what was counted between two windows belongs to the later one's price table`() throws
  {
    let (first, second) = (digest(1), digest(2))
    try keep([
      window(1, inferences: 10, counts: [10], price: first),
      window(2, inferences: 30, counts: [30], price: second),
    ])
    try keep([
      window(3, inferences: 35, counts: [35], price: second),
      window(4, inferences: 40, counts: [44], price: first),
    ])
    #expect(try total(first)?.inferences == 15)
    #expect(try total(first)?.inferenceCounts == [19])
    #expect(try total(second)?.inferences == 25)
    #expect(try total(second)?.inferenceCounts == [25])
    #expect(try total(nil) == nil)
  }

  @Test func `a repeated window counts once, alone or with new ones after it`() throws {
    try keep([window(1, inferences: 10), window(2, inferences: 20)])
    let once = try store.totals()
    try keep([window(1, inferences: 10), window(2, inferences: 20)])
    #expect(try store.totals() == once)
    try keep([window(2, inferences: 20), window(3, inferences: 31)])
    #expect(try total(nil)?.inferences == 31)
    #expect(try store.telemetry(node: node, limit: 10).map(\.window.sequence) == [1, 2, 3])
  }

  @Test func `a boot that was forgotten and comes back is not counted again`() throws {
    for number in 0...UInt8(NodeRecord.bootsMax) {
      try keep([window(1, inferences: 10)], boot: [UInt8](repeating: number, count: 16))
    }
    let oldest = [UInt8](repeating: 0, count: 16)
    #expect(try store.load().nodes[node]?.telemetryThrough(boot: oldest) == 0)
    try keep([window(1, inferences: 10)], boot: oldest)
    #expect(try total(nil)?.inferences == 90)
    #expect(try store.load().nodes[node]?.telemetryThrough(boot: oldest) == 1)
    try keep([window(2, inferences: 12)], boot: oldest)
    #expect(try total(nil)?.inferences == 92)
  }

  @Test func `a lost window loses no count and a counter that falls adds none`() throws {
    try keep([window(1, inferences: 10)])
    try keep([window(7, inferences: 100)])
    #expect(try total(nil)?.inferences == 100)
    try keep([window(8, inferences: 60), window(9, inferences: 110)])
    #expect(try total(nil)?.inferences == 110)
  }

  @Test func `sums stay at the largest value instead of overflowing`() throws {
    try keep([window(1, inferences: .max, counts: [.max])])
    try keep([window(1, inferences: 5, counts: [5])], boot: [UInt8](repeating: 1, count: 16))
    #expect(try total(nil)?.inferences == .max)
    #expect(try total(nil)?.inferenceCounts == [.max])
  }

  @Test func `windows out of order, without place in time or with half a digest are refused`()
    throws
  {
    var torn = window(3)
    torn.priceDigest = wireBytes([1, 2])
    let cases: [[WireTelemetryWindow]] = [
      [window(2), window(1)], [window(1), window(1)], [window(.max)], [window(1, at: .max)], [torn],
    ]
    for windows in cases {
      let error = #expect(throws: StoreError.self) { try keep(windows) }
      guard case .refused(change: "telemetryStored", _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    #expect(try store.totals().isEmpty)
    #expect(try store.latestWindows().isEmpty)
    try keep([])
  }

  @Test func `queries give the newest windows, the one before, and each node's last`() throws {
    let (first, second) = ([UInt8](repeating: 9, count: 16), [UInt8](repeating: 1, count: 16))
    try keep((1...4).map { window($0, at: $0 * 10) }, boot: first)
    try keep((1...2).map { window($0, at: 100 + $0) }, boot: second)
    try keep([window(5, at: 7)], boot: first, node: name("b"))
    #expect(
      try store.telemetry(node: node, limit: 4).map { [$0.boot[0], UInt8($0.window.sequence)] }
        == [[9, 3], [9, 4], [1, 1], [1, 2]])
    let since = Instant(microseconds: 35)
    #expect(
      try store.telemetry(node: node, since: since, limit: 9).map(\.window.atUs) == [40, 101, 102])
    #expect(try store.telemetry(node: node, limit: 0).isEmpty)
    #expect(try store.latestWindows().map(\.window.sequence) == [2, 5])
    #expect(try store.previousWindow(node: node, boot: first, before: 4)?.sequence == 3)
    #expect(try store.previousWindow(node: node, boot: first, before: 1) == nil)
    #expect(try store.previousWindow(node: node, boot: first, before: .max)?.sequence == 4)
  }

  @Test func `every counter of a window reaches the totals`() throws {
    var full = window(1, inferences: 1, counts: [2])
    full.learningCounts = [3, 4]
    (full.labelled, full.correct, full.learningSamples, full.learningCorrect) = (5, 6, 7, 8)
    (full.chipTimeUs, full.busyTimeUs, full.cpuTimeUs) = (9, 10, 11)
    (full.sentBytes, full.receivedBytes) = (12, 13)
    try keep([full])
    #expect(try total(nil) == CumulativeCounters(full))
    #expect(try store.latestWindows().first?.window == full)
  }
}
