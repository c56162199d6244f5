package import FleetCore
package import FleetProtocol
import Foundation

/// A telemetry window as it is stored: what the node reported, and what was thought of it.
package struct MarkedWindow: Sendable, Equatable {
  /// The window as it was reported.
  package var window: WireTelemetryWindow
  /// What speaks against it, or against what came before it.
  package var flags: TelemetryFlags

  /// A window with its marks.
  package init(_ window: WireTelemetryWindow, _ flags: TelemetryFlags = []) {
    self.window = window
    self.flags = flags
  }
}

/// Windows of one boot in sequence order, packed column by column.
///
/// The same field of neighbouring windows is alike, so that a column of a few hundred windows costs
/// a byte or two for each; see `IntegerColumn`. Digests and states are numbers of a list. Fields
/// that this build does not know are not kept.
package enum TelemetryBlock {
  /// Windows of one block at most.
  package static let windowsMax = 4_096
  /// Version 1 knew no shadows.
  private static let version: UInt8 = 2

  private static let wide: [any WritableKeyPath<WireTelemetryWindow, UInt64> & Sendable] = [
    \.sequence, \.atUs, \.inferences, \.labelled, \.correct, \.learningSamples,
    \.learningCorrect, \.chipTimeUs, \.busyTimeUs, \.cpuTimeUs, \.sentBytes, \.receivedBytes,
    \.lostWindows,
  ]
  private static let narrow: [any WritableKeyPath<WireTelemetryWindow, UInt32> & Sendable] = [
    \.residentKibibytes, \.recentLabelled, \.recentCorrect,
  ]
  private static let vectors: [any WritableKeyPath<WireTelemetryWindow, [UInt64]> & Sendable] = [
    \.inferenceCounts, \.learningCounts,
  ]

  /// Values that a window carries: what is counted when bytes a sample are spoken of.
  package static func samples(of window: WireTelemetryWindow) -> Int {
    // Sequence and instant say which and when; `lostWindows` and the marks are not counted.
    wide.count - 3 + narrow.count + window.inferenceCounts.count + window.learningCounts.count
  }

  /// The windows in their packed form; at most `windowsMax`.
  package static func encode(_ windows: [MarkedWindow]) -> [UInt8] {
    precondition(windows.count <= windowsMax, "a block of \(windows.count) windows")
    var writer = PackedWriter()
    writer.byte(version)
    writer.varint(UInt64(windows.count))
    func column(_ value: (MarkedWindow) -> UInt64) {
      IntegerColumn.write(windows.map(value), to: &writer)
    }
    for path in wide { column { $0.window[keyPath: path] } }
    column { $0.window.mergedFrom == 0 ? 0 : $0.window.sequence &- $0.window.mergedFrom &+ 1 }
    column { UInt64($0.flags.rawValue) }
    for path in narrow { column { UInt64($0.window[keyPath: path]) } }
    for path in vectors { write(path, of: windows, to: &writer) }
    write(windows.map { [UInt8]($0.window.modelDigest) }, to: &writer)
    write(windows.map { [UInt8]($0.window.priceDigest) }, to: &writer)
    write(windows.map { [UInt8]($0.window.learningState.utf8) }, to: &writer)
    writeShadows(of: windows, to: &writer)
    return writer.bytes
  }

  /// Nil for bytes that `encode` does not make.
  package static func decode(_ bytes: [UInt8]) -> [MarkedWindow]? {
    var reader = PackedReader(bytes)
    guard let found = reader.byte(), (1...version).contains(found), let count = reader.varint(),
      count <= UInt64(windowsMax)
    else { return nil }
    var windows = [MarkedWindow](
      repeating: MarkedWindow(WireTelemetryWindow()), count: Int(count))
    func column(_ set: (inout MarkedWindow, UInt64) -> Bool) -> Bool {
      guard let values = IntegerColumn.read(windows.count, from: &reader) else { return false }
      for index in windows.indices {
        guard set(&windows[index], values[index]) else { return false }
      }
      return true
    }
    for path in wide {
      guard
        column({
          $0.window[keyPath: path] = $1; return true
        })
      else { return nil }
    }
    guard
      column({ marked, span in
        marked.window.mergedFrom = span == 0 ? 0 : marked.window.sequence &+ 1 &- span
        return true
      }),
      column({ marked, bits in
        guard let flags = UInt32(exactly: bits) else { return false }
        marked.flags = TelemetryFlags(rawValue: flags)
        return true
      })
    else { return nil }
    for path in narrow {
      guard
        column({ marked, value in
          guard let value = UInt32(exactly: value) else { return false }
          marked.window[keyPath: path] = value
          return true
        })
      else { return nil }
    }
    for path in vectors {
      guard read(path, from: &reader, into: &windows) else { return nil }
    }
    guard readTexts(from: &reader, into: &windows),
      found == 1 || readShadows(from: &reader, into: &windows), reader.isAtEnd
    else { return nil }
    return windows
  }

  static func write(
    _ path: KeyPath<WireTelemetryWindow, [UInt64]>, of windows: [MarkedWindow],
    to writer: inout PackedWriter
  ) {
    func column(_ value: ([UInt64]) -> UInt64) {
      IntegerColumn.write(windows.map { value($0.window[keyPath: path]) }, to: &writer)
    }
    column { UInt64($0.count) }
    let widest = windows.map { $0.window[keyPath: path].count }.max() ?? 0
    for kind in 0..<widest { column { kind < $0.count ? $0[kind] : 0 } }
  }

  static func read(
    _ path: WritableKeyPath<WireTelemetryWindow, [UInt64]>, from reader: inout PackedReader,
    into windows: inout [MarkedWindow]
  ) -> Bool {
    guard let counts = IntegerColumn.read(windows.count, from: &reader) else { return false }
    let widest = counts.max() ?? 0
    guard widest <= UInt64(Limits.eventKindsMax) else { return false }
    for (index, count) in counts.enumerated() {
      windows[index].window[keyPath: path] = [UInt64](repeating: 0, count: Int(count))
    }
    for kind in 0..<Int(widest) {
      guard let values = IntegerColumn.read(windows.count, from: &reader) else { return false }
      for (index, count) in counts.enumerated() where kind < Int(count) {
        windows[index].window[keyPath: path][kind] = values[index]
      }
    }
    return true
  }

  private static func readTexts(
    from reader: inout PackedReader, into windows: inout [MarkedWindow]
  ) -> Bool {
    guard let models = texts(windows.count, from: &reader),
      let prices = texts(windows.count, from: &reader),
      let states = texts(windows.count, from: &reader)
    else { return false }
    for index in windows.indices {
      guard let state = String(validating: states[index], as: UTF8.self) else { return false }
      windows[index].window.modelDigest = Data(models[index])
      windows[index].window.priceDigest = Data(prices[index])
      windows[index].window.learningState = state
    }
    return true
  }

  static func write(_ texts: [[UInt8]], to writer: inout PackedWriter) {
    var list: [[UInt8]] = []
    var numbers: [[UInt8]: UInt64] = [:]
    let column = texts.map { text -> UInt64 in
      if let number = numbers[text] { return number }
      numbers[text] = UInt64(list.count)
      list.append(text)
      return UInt64(list.count - 1)
    }
    writer.varint(UInt64(list.count))
    for text in list { writer.text(text) }
    IntegerColumn.write(column, to: &writer)
  }

  static func texts(_ count: Int, from reader: inout PackedReader) -> [[UInt8]]? {
    guard let size = reader.varint(), size <= UInt64(count) else { return nil }
    var list: [[UInt8]] = []
    for _ in 0..<size {
      guard let text = reader.text(longest: 256) else { return nil }
      list.append(text)
    }
    guard let column = IntegerColumn.read(count, from: &reader) else { return nil }
    var texts: [[UInt8]] = []
    for number in column {
      guard number < UInt64(list.count) else { return nil }
      texts.append(list[Int(number)])
    }
    return texts
  }
}
