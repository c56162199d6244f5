package import FleetProtocol
import Foundation

/// The counters of a telemetry window that only ever rise while an agent runs.
package struct CumulativeCounters: Sendable, Equatable {
  /// Chip events of inference, by event kind.
  package var inferenceCounts: [UInt64] = []
  /// Chip events of learning, by event kind.
  package var learningCounts: [UInt64] = []
  /// Inferences made.
  package var inferences: UInt64 = 0
  /// Inferences whose label was known.
  package var labelled: UInt64 = 0
  /// Hits among the labelled.
  package var correct: UInt64 = 0
  /// Samples trained.
  package var learningSamples: UInt64 = 0
  /// Test-then-train hits among them.
  package var learningCorrect: UInt64 = 0
  /// Modelled time of the chip in microseconds.
  package var chipMicroseconds: UInt64 = 0
  /// Host time spent simulating the chip in microseconds.
  package var busyMicroseconds: UInt64 = 0
  /// Processor time of the agent in microseconds.
  package var cpuMicroseconds: UInt64 = 0
  /// Bytes sent over the wire.
  package var sentBytes: UInt64 = 0
  /// Bytes received over the wire.
  package var receivedBytes: UInt64 = 0

  /// All counters at zero.
  package init() {}

  /// The cumulative counters of a window.
  package init(_ window: WireTelemetryWindow) {
    inferenceCounts = window.inferenceCounts
    learningCounts = window.learningCounts
    inferences = window.inferences
    labelled = window.labelled
    correct = window.correct
    learningSamples = window.learningSamples
    learningCorrect = window.learningCorrect
    chipMicroseconds = window.chipTimeUs
    busyMicroseconds = window.busyTimeUs
    cpuMicroseconds = window.cpuTimeUs
    sentBytes = window.sentBytes
    receivedBytes = window.receivedBytes
  }

  private static let scalars: [any WritableKeyPath<CumulativeCounters, UInt64> & Sendable] = [
    \.inferences, \.labelled, \.correct, \.learningSamples, \.learningCorrect,
    \.chipMicroseconds, \.busyMicroseconds, \.cpuMicroseconds, \.sentBytes, \.receivedBytes,
  ]

  private func combined(
    with other: CumulativeCounters, _ operation: (UInt64, UInt64) -> UInt64
  ) -> CumulativeCounters {
    var result = CumulativeCounters()
    let vectors: [WritableKeyPath<CumulativeCounters, [UInt64]>] = [
      \.inferenceCounts, \.learningCounts,
    ]
    for path in vectors {
      let (left, right) = (self[keyPath: path], other[keyPath: path])
      result[keyPath: path] = (0..<max(left.count, right.count)).map { index in
        operation(index < left.count ? left[index] : 0, index < right.count ? right[index] : 0)
      }
    }
    for path in Self.scalars {
      result[keyPath: path] = operation(self[keyPath: path], other[keyPath: path])
    }
    return result
  }

  /// Sum of both; a counter that would overflow stays at its largest value.
  package func adding(_ other: CumulativeCounters) -> CumulativeCounters {
    combined(with: other) { left, right in
      let (sum, overflow) = left.addingReportingOverflow(right)
      return overflow ? .max : sum
    }
  }

  /// What was counted since `earlier`; a counter that fell counts as unchanged.
  package func since(_ earlier: CumulativeCounters) -> CumulativeCounters {
    combined(with: earlier) { $0 > $1 ? $0 - $1 : 0 }
  }

  /// The larger of both, counter by counter.
  package func highest(_ other: CumulativeCounters) -> CumulativeCounters {
    combined(with: other) { max($0, $1) }
  }

  /// Packed form: two vectors, each after its length, then the single counters.
  var stored: Data {
    let vectors = [inferenceCounts, learningCounts].flatMap { [UInt64($0.count)] + $0 }
    return PackedCounts.pack(vectors + Self.scalars.map { self[keyPath: $0] })
  }

  /// Reads the packed form; nil for anything else.
  init?(stored bytes: [UInt8]) {
    guard let words = PackedCounts.unpack(bytes) else { return nil }
    var rest = words[...]
    func vector() -> [UInt64]? {
      guard let count = rest.popFirst(), count <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return Array(rest.prefix(Int(count)))
    }
    guard let inference = vector(), let learning = vector(), rest.count == Self.scalars.count
    else { return nil }
    inferenceCounts = inference
    learningCounts = learning
    for (path, word) in zip(Self.scalars, rest) { self[keyPath: path] = word }
  }
}
