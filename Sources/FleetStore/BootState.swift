import FleetCore
import FleetProtocol
import SwiftProtobuf

/// Where the telemetry of one boot stands: its row, and what the windows in hand add to it.
struct BootState {
  var id: Int64
  var sequence: Int64 = 0
  /// The highest that each counter ever was.
  var counters = CumulativeCounters()
  /// The last window stored; nil before the first.
  var last: WireTelemetryWindow?
  /// Windows in blocks of level 0, by tier.
  var tails = [0, 0, 0]
  /// Marks of the windows in each tier's interval that is not over.
  var open: [TelemetryFlags] = [[], [], []]
  /// Windows that end an interval, by tier, not stored yet.
  var ended: [[MarkedWindow]] = [[], [], []]

  init(id: Int64) { self.id = id }

  init(_ row: StoredRow) throws {
    id = try row.integer("id")
    sequence = try row.integer("sequence")
    guard let counters = CumulativeCounters(stored: try row.bytes("counters")) else {
      throw row.damage("counters")
    }
    self.counters = counters
    if sequence > 0 { last = try row.window("window") }
    tails = try ["tail_raw", "tail_minute", "tail_hour"].map { Int(try row.integer($0)) }
    open = [
      [], TelemetryFlags(rawValue: try row.number("minute_flags")),
      TelemetryFlags(rawValue: try row.number("hour_flags")),
    ]
  }

  /// Goes on to the next window, which may end intervals of the coarser tiers.
  mutating func take(_ window: WireTelemetryWindow, _ flags: TelemetryFlags) {
    for tier in [TelemetryTier.minute, .hour] {
      if let last, tier.parts(last, from: window) {
        ended[tier.rawValue].append(MarkedWindow(last, open[tier.rawValue]))
        open[tier.rawValue] = []
      }
      open[tier.rawValue].formUnion(flags)
    }
    last = window
    sequence = Int64(window.sequence)
  }
}
