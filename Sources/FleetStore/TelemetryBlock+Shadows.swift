import FleetProtocol
import Foundation

/// What shadows did, after everything else of a block: one byte where there were none.
extension TelemetryBlock {
  private static let scalars: [any WritableKeyPath<WireTelemetryWindow, UInt64> & Sendable] = [
    \.shadow.samples, \.shadow.labelled, \.shadow.onlyServing, \.shadow.onlyShadow,
    \.shadow.disagreements, \.shadow.servingTimeUs, \.shadow.shadowTimeUs,
  ]
  private static let vectors: [any WritableKeyPath<WireTelemetryWindow, [UInt64]> & Sendable] = [
    \.shadow.servingCounts, \.shadow.shadowCounts,
  ]

  static func writeShadows(of windows: [MarkedWindow], to writer: inout PackedWriter) {
    guard windows.contains(where: \.window.hasShadow) else { return writer.byte(0) }
    writer.byte(1)
    IntegerColumn.write(windows.map { $0.window.hasShadow ? 1 : 0 }, to: &writer)
    for path in scalars {
      IntegerColumn.write(windows.map { $0.window[keyPath: path] }, to: &writer)
    }
    for path in vectors { write(path, of: windows, to: &writer) }
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
    for path in scalars {
      guard let values = IntegerColumn.read(count, from: &reader) else { return false }
      for index in windows.indices { windows[index].window[keyPath: path] = values[index] }
    }
    for path in vectors {
      guard read(path, from: &reader, into: &windows) else { return false }
    }
    guard let models = texts(count, from: &reader) else { return false }
    for index in windows.indices {
      // Each has got one by being written to.
      if present[index] == 0 { windows[index].window.clearShadow() }
      if present[index] == 1 { windows[index].window.shadow.modelDigest = Data(models[index]) }
    }
    return true
  }
}
