/// Which unknown keys were reported lately: bounded, so that a flood of keys costs nothing.
package struct StrangerTable {
  /// Keys remembered; the one first seen longest ago makes room.
  package static let keysMax = 1_000
  /// A key that keeps knocking is reported again after that long.
  package static let repeatMilliseconds: Int64 = 60_000
  /// Reports of one second, all keys together.
  package static let reportsPerSecondMax = 20

  private var reportedAt: [CurvePublicKey: Int64] = [:]
  private var ring: [CurvePublicKey] = []
  private var oldest = 0
  private var second: Int64 = 0
  private var reportsThisSecond = 0

  /// An empty table.
  package init() {}

  /// Keys remembered now.
  package var count: Int { ring.count }

  /// True when this knock is worth a report, with the time in milliseconds of any steady clock.
  package mutating func shouldReport(_ key: CurvePublicKey, at now: Int64) -> Bool {
    if let last = reportedAt[key], now - last < Self.repeatMilliseconds { return false }
    if now / 1_000 != second {
      second = now / 1_000
      reportsThisSecond = 0
    }
    guard reportsThisSecond < Self.reportsPerSecondMax else { return false }
    reportsThisSecond += 1
    if reportedAt.updateValue(now, forKey: key) == nil { remember(key) }
    return true
  }

  private mutating func remember(_ key: CurvePublicKey) {
    guard ring.count == Self.keysMax else { return ring.append(key) }
    reportedAt[ring[oldest]] = nil
    ring[oldest] = key
    oldest = (oldest + 1) % Self.keysMax
  }
}
