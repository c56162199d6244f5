import FleetCore
import FleetProtocol
import FleetStore
import Testing

/// What a full outbox does with old windows, and whose turn it is to be sent.
@Suite struct OutboxMergingTests {
  private static let minute: UInt64 = 60_000_000

  /// Thirty windows a minute, as a node with a window every two seconds makes them.
  private func row(_ sequence: UInt64) -> WireTelemetryWindow {
    window(sequence, inferences: sequence * 100, counts: [sequence * 7], at: sequence * 2_000_000)
  }

  private func queue(
    _ sequences: ClosedRange<UInt64>, _ store: AgentStore, boot: [UInt8] = boot
  ) throws {
    for start in stride(from: sequences.lowerBound, through: sequences.upperBound, by: 50) {
      let end = min(start + 49, sequences.upperBound)
      try store.commit((start...end).map { .windowQueued(boot: boot, row($0)) })
    }
  }

  private func all(_ store: AgentStore) throws -> [WireTelemetryWindow] {
    try store.nextBatch(windowsMax: 99_999, bytesMax: 1 << 30)?.windows ?? []
  }

  @Test func `a full outbox merges old minutes and covers every window without a hole`() throws {
    let store = try AgentStore.inMemory(outboxBytesMax: 4_000)
    try queue(1...600, store)
    let kept = try all(store)
    #expect(try store.outboxSize().bytes <= 4_000)
    var next: UInt64 = 1
    for window in kept {
      #expect(window.start == next)
      #expect(window.inferences == window.sequence * 100)
      next = window.sequence + 1
    }
    #expect(next == 601)
    let merged = kept.filter { $0.mergedFrom != 0 }
    #expect(merged.count > 5)
    // Whole minutes: each ends where the next minute begins.
    #expect(merged.allSatisfy { ($0.sequence + 1) % 30 == 0 })
    #expect(kept.last?.mergedFrom == 0)
    #expect(try store.gaps().isEmpty)
  }

  @Test func `a month offline ends in hours and days, never in silence`() throws {
    let store = try AgentStore.inMemory(outboxBytesMax: 600)
    try queue(1...20_000, store)
    let kept = try all(store)
    #expect(try store.outboxSize().bytes <= 600)
    #expect(kept.first?.start == 1)
    #expect(kept.last?.sequence == 20_000)
    for (earlier, later) in zip(kept, kept.dropFirst()) {
      #expect(later.start == earlier.sequence + 1)
    }
    #expect(kept.contains { $0.sequence - $0.start > 1_000 })
  }

  @Test func `windows of two models are not merged into one before the last resort`() throws {
    let store = try AgentStore.inMemory(outboxBytesMax: 900)
    for sequence in 1...25 as ClosedRange<UInt64> {
      var window = row(sequence)
      window.priceDigest = wireBytes(digest(sequence <= 10 ? 1 : 2).bytes)
      try store.commit([.windowQueued(boot: boot, window)])
    }
    try queue(26...29, store)
    let kept = try all(store)
    #expect(kept.filter { $0.mergedFrom != 0 }.map(\.sequence).first == 10)
  }

  @Test func `a boot that is lost is counted and told with every later window`() throws {
    let store = try AgentStore.inMemory(outboxBytesMax: 60)
    for number in 1...9 as ClosedRange<UInt8> {
      try queue(1...3, store, boot: [UInt8](repeating: number, count: 16))
    }
    let gaps = try store.gaps()
    #expect(!gaps.isEmpty)
    #expect(gaps.allSatisfy { $0.sequences.upperBound <= 3 })
    let last = [UInt8](repeating: 10, count: 16)
    try queue(1...1, store, boot: last)
    let lost = gaps.reduce(0) { $0 + $1.sequences.count }
    for number in 1...9 as ClosedRange<UInt8> {
      try store.commit([
        .windowsAcknowledged(boot: [UInt8](repeating: number, count: 16), through: .max)
      ])
    }
    #expect(try #require(try all(store).first).lostWindows >= UInt64(lost))
  }

  @Test func `the window in which a run was killed counts as lost, of one that ended none does`()
    throws
  {
    let store = try AgentStore.inMemory()
    let boots = (1...4).map { [UInt8](repeating: $0, count: 16) }
    try store.commit([.runBegan(boot: boots[0])])
    try queue(1...3, store, boot: boots[0])
    try store.commit([.runEnded])
    try store.commit([.runBegan(boot: boots[1])])
    try queue(1...2, store, boot: boots[1])
    #expect(try store.gaps() == [])
    // Killed after two windows, then before its first one.
    try store.commit([.runBegan(boot: boots[2])])
    try store.commit([.runBegan(boot: boots[3])])
    try store.commit([.runBegan(boot: boots[3])])
    #expect(
      try store.gaps() == [
        OutboxGap(boot: boots[1], sequences: 3...3), OutboxGap(boot: boots[2], sequences: 1...1),
      ])
    try queue(1...1, store, boot: boots[3])
    for boot in boots.prefix(2) {
      try store.commit([.windowsAcknowledged(boot: boot, through: .max)])
    }
    #expect(try all(store).map(\.lostWindows) == [2])
  }

  @Test func `boots nobody has heard of go first, then this run goes three times in four`() throws {
    let store = try AgentStore.inMemory()
    let boots = (1...3).map { [UInt8](repeating: $0, count: 16) }
    for boot in boots { try queue(1...100, store, boot: boot) }
    for boot in boots {
      #expect(try store.nextBatch(windowsMax: 5)?.boot == boot)
      try store.commit([.windowsAcknowledged(boot: boot, through: 5)])
    }
    let turns = try (0..<40).map { _ in try store.nextBatch(windowsMax: 5)?.boot }
    #expect(turns.count { $0 == boots[2] } == 30)
    #expect(turns.count { $0 == boots[0] } == 10)
    try store.commit([.windowsAcknowledged(boot: boots[2], through: .max)])
    #expect(try store.nextBatch(windowsMax: 5)?.boot != boots[2])
  }

  @Test func `one that stands for several goes alone to an older coordinator`() throws {
    let store = try AgentStore.inMemory(outboxBytesMax: 4_000)
    try queue(1...600, store)
    let kept = try all(store)
    var sent: [Int] = []
    for window in kept where window.sequence <= 200 {
      let batch = try #require(try store.nextBatch(mergedTogether: false))
      sent.append(batch.windows.count)
      #expect(batch.windows.first == window)
      try store.commit([.windowsAcknowledged(boot: boot, through: window.sequence)])
    }
    #expect(sent.allSatisfy { $0 == 1 })
    #expect(!sent.isEmpty)
  }
}
