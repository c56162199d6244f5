import FleetCore
import FleetProtocol
import FleetStore
import Testing

@Suite struct TelemetryBlockTests {
  private static func value(_ generator: inout SplitMix) -> UInt64 {
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: 0
    case 1: .max
    case 2: UInt64(Int64.max) + UInt64.random(in: 0...2, using: &generator)
    case 3: .random(in: .min ... .max, using: &generator)
    default: .random(in: 0...5_000, using: &generator)
    }
  }

  /// Windows with every field set to what a hostile node may send.
  private static func wild(_ count: Int, seed: UInt64) -> [MarkedWindow] {
    var generator = SplitMix(seed: seed)
    return (0..<count).map { index in
      var window = window(value(&generator), inferences: value(&generator))
      window.atUs = value(&generator)
      window.mergedFrom = index % 3 == 0 ? 0 : value(&generator)
      if window.mergedFrom == window.sequence &+ 1 { window.mergedFrom = 0 }
      let kinds = Int.random(in: 0...64, using: &generator)
      window.inferenceCounts = (0..<kinds).map { _ in value(&generator) }
      window.learningCounts = (0..<64 - kinds).map { _ in value(&generator) }
      (window.labelled, window.correct) = (value(&generator), value(&generator))
      (window.learningSamples, window.learningCorrect) = (value(&generator), value(&generator))
      (window.chipTimeUs, window.busyTimeUs) = (value(&generator), value(&generator))
      (window.cpuTimeUs, window.lostWindows) = (value(&generator), value(&generator))
      (window.sentBytes, window.receivedBytes) = (value(&generator), value(&generator))
      window.residentKibibytes = UInt32(truncatingIfNeeded: value(&generator))
      window.recentLabelled = UInt32(truncatingIfNeeded: value(&generator))
      window.recentCorrect = UInt32(truncatingIfNeeded: value(&generator))
      window.learningState = ["", "idle", "job/1.1", "\0ü"][index % 4]
      window.modelDigest = wireBytes(index % 2 == 0 ? [] : digest(UInt8(index % 5)).bytes)
      window.priceDigest = wireBytes(digest(UInt8(index % 7)).bytes)
      if seed % 2 == 0, index % 3 < 2 {
        window.shadow.modelDigest = wireBytes(index % 3 == 0 ? [] : digest(9).bytes)
        window.shadow.samples = value(&generator)
        (window.shadow.labelled, window.shadow.onlyServing) = (value(&generator), 3)
        (window.shadow.onlyShadow, window.shadow.disagreements) = (value(&generator), 4)
        (window.shadow.servingTimeUs, window.shadow.shadowTimeUs) = (5, value(&generator))
        window.shadow.servingCounts = (0..<kinds).map { _ in value(&generator) }
        window.shadow.shadowCounts = [value(&generator)]
      }
      return MarkedWindow(window, TelemetryFlags(rawValue: UInt32(index % 256)))
    }
  }

  @Test(arguments: [0, 1, 2, 3, 31, 32, 33, 64, 65, 300])
  func `whatever windows hold comes back as it was`(count: Int) {
    for seed in 0..<8 as Range<UInt64> {
      let windows = Self.wild(count, seed: seed)
      #expect(TelemetryBlock.decode(TelemetryBlock.encode(windows)) == windows)
    }
  }

  @Test func `a block of a build that knew no shadows is read`() {
    let windows = Self.wild(30, seed: 1)
    var bytes = TelemetryBlock.encode(windows)
    #expect(bytes.first == 2 && bytes.last == 0)
    bytes[0] = 1
    bytes.removeLast()
    #expect(TelemetryBlock.decode(bytes) == windows)
  }

  @Test func `a block cut anywhere or with a byte too many is refused`() {
    let bytes = TelemetryBlock.encode(Self.wild(40, seed: 4))
    for end in 0..<bytes.count { #expect(TelemetryBlock.decode(Array(bytes[..<end])) == nil) }
    #expect(TelemetryBlock.decode(bytes + [0]) == nil)
  }

  @Test func `bytes of anybody never trap`() {
    var generator = SplitMix(seed: 11)
    let good = TelemetryBlock.encode(Self.wild(20, seed: 5))
    for _ in 0..<4_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
          in: .min ... .max, using: &generator)
      }
      _ = TelemetryBlock.decode(bytes)
    }
    #expect(TelemetryBlock.decode([1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]) == nil)
  }

  @Test func `windows of a steady node cost under a byte a value`() {
    var generator = SplitMix(seed: 7)
    var counts = [UInt64](repeating: 0, count: 17)
    let windows = (1...512).map { sequence -> MarkedWindow in
      for kind in 0..<9 { counts[kind] += .random(in: 90_000...100_000, using: &generator) }
      var window = window(UInt64(sequence), inferences: UInt64(sequence) * 100)
      window.inferenceCounts = counts
      window.learningCounts = [UInt64](repeating: 0, count: 17)
      window.atUs = UInt64(sequence) * 2_000_000 + .random(in: 0...900, using: &generator)
      return MarkedWindow(window)
    }
    let samples = windows.reduce(0) { $0 + TelemetryBlock.samples(of: $1.window) }
    let size = TelemetryBlock.encode(windows).count
    #expect(size < samples, "\(size) bytes for \(samples) values")
  }
}
