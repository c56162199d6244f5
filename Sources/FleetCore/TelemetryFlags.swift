/// What a stored telemetry window is marked with; 0 for one that nothing speaks against.
package struct TelemetryFlags: OptionSet, Sendable, Hashable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Windows before this one never came; what they counted is in this one.
  package static let gap = TelemetryFlags(rawValue: 1)
  /// The agent merged several windows into this one, for want of room.
  package static let merged = TelemetryFlags(rawValue: 2)
  /// A counter that only rises fell.
  package static let counterFell = TelemetryFlags(rawValue: 4)
  /// More power than any chip of this fleet can draw.
  package static let power = TelemetryFlags(rawValue: 8)
  /// The node's clock went back, or is ahead of the coordinator's by more than the bound.
  package static let clock = TelemetryFlags(rawValue: 16)
  /// The node reported more price tables than it may.
  package static let series = TelemetryFlags(rawValue: 32)
  /// No held model carries the price table: joules cannot be derived.
  package static let unpriced = TelemetryFlags(rawValue: 64)
  /// Windows of earlier boots were lost before anybody had them.
  package static let lost = TelemetryFlags(rawValue: 128)

  /// Marks that keep a window out of what gates read.
  package static let implausible: TelemetryFlags = [
    .counterFell, .power, .clock, .series, .unpriced,
  ]

  private static let names: [(flag: TelemetryFlags, name: String)] = [
    (.gap, "gap"), (.merged, "merged"), (.counterFell, "counter-fell"), (.power, "power"),
    (.clock, "clock"), (.series, "series"), (.unpriced, "unpriced"), (.lost, "lost"),
  ]

  /// The marks in words, in a fixed order.
  package var words: [String] {
    Self.names.filter { contains($0.flag) }.map(\.name)
  }
}
