import FleetProtocol
import Foundation

/// What shadows did, after everything else of a block: one byte where there were none.
extension TelemetryBlock {
  private static let scalars: [any WritableKeyPath<WireShadowTally, UInt64> & Sendable] = [
    \.samples, \.labelled, \.onlyServing, \.onlyShadow, \.disagreements, \.servingTimeUs,
    \.shadowTimeUs,
  ]
  private static let vectors: [any WritableKeyPath<WireShadowTally, [UInt64]> & Sendable] = [
    \.servingCounts, \.shadowCounts,
  ]

  static func writeShadows(of windows: [MarkedWindow], to writer: inout PackedWriter) {
    guard windows.contains(where: \.window.hasShadow) else { return writer.byte(0) }
    writer.byte(1)
    func column(_ value: (WireTelemetryWindow) -> UInt64) {
      IntegerColumn.write(windows.map { value($0.window) }, to: &writer)
    }
    column { $0.hasShadow ? 1 : 0 }
    for path in scalars { column { $0.shadow[keyPath: path] } }
    for path in vectors {
      column { UInt64($0.shadow[keyPath: path].count) }
      let widest = windows.map { $0.window.shadow[keyPath: path].count }.max() ?? 0
      for index in 0..<widest {
        column { index < $0.shadow[keyPath: path].count ? $0.shadow[keyPath: path][index] : 0 }
      }
    }
    write(windows.map { [UInt8]($0.window.shadow.modelDigest) }, to: &writer)
  }

  static func readShadows(
    from reader: inout PackedReader, into windows: inout [MarkedWindow]
  ) -> Bool {
    guard let mark = reader.byte() else { return false }
    guard mark == 1 else { return mark == 0 }
    let count = windows.count
    guard let present = IntegerColumn.read(count, from: &reader), present.allSatisfy({ $0 < 2 })
    else { return false }
    var tallies = [WireShadowTally](repeating: WireShadowTally(), count: count)
    for path in scalars {
      guard let values = IntegerColumn.read(count, from: &reader) else { return false }
      for index in tallies.indices { tallies[index][keyPath: path] = values[index] }
    }
    for path in vectors {
      guard let sizes = IntegerColumn.read(count, from: &reader),
        let widest = sizes.max(), widest <= UInt64(Limits.eventKindsMax)
      else { return false }
      for index in tallies.indices {
        tallies[index][keyPath: path] = [UInt64](repeating: 0, count: Int(sizes[index]))
      }
      for kind in 0..<Int(widest) {
        guard let values = IntegerColumn.read(count, from: &reader) else { return false }
        for index in tallies.indices where kind < Int(sizes[index]) {
          tallies[index][keyPath: path][kind] = values[index]
        }
      }
    }
    guard let models = texts(count, from: &reader) else { return false }
    for index in windows.indices where present[index] == 1 {
      tallies[index].modelDigest = Data(models[index])
      windows[index].window.shadow = tallies[index]
    }
    return true
  }
}
