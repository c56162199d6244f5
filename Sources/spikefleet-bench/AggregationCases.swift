import Accelerator
import Federation

/// Cases that merge a hundred updates of 400,000 float32, 160 MB, on one thread.
enum AggregationCases {
  static let cases = [
    BenchCase(
      name: "federation.mean.bytes_per_second", unit: "bytes/CPU-second",
      run: { try merge($0, .fedAvg) }),
    BenchCase(
      name: "federation.median.bytes_per_second", unit: "bytes/CPU-second",
      run: { try merge($0, .median) }),
    BenchCase(
      name: "federation.krum.bytes_per_second", unit: "bytes/CPU-second",
      run: { try merge($0, .krum, ["byzantine": 20]) }),
  ]

  /// Bytes of updates that a second of CPU time merges: looked at, combined, rounded and clamped.
  private static func merge(
    _ context: BenchContext, _ name: Strategy.Name, _ given: [String: Double] = [:]
  ) throws -> BenchResult {
    let updates = BenchUpdates(count: 100, elements: 400_000)
    let base = [
      BaseLayer(weights: [Int16](repeating: 5, count: 400_000), bounds: -32_640...32_639)
    ]
    // What the chip's kernels call neon are the portable ones here.
    let kernels =
      AggregationKernels.available.first { $0.name == context.kernels.name } ?? .portable
    let strategy = try Strategy(name, given)
    let expected = try Aggregation(strategy, kernels: .portable)
      .merge(base: base, updates: updates).weights
    let aggregation = Aggregation(strategy, kernels: kernels)
    let rates = try Meter.rates(runs: context.runs) {
      let merged = try aggregation.merge(base: base, updates: updates)
      guard merged.weights == expected else {
        throw BenchError("\(name.rawValue) by \(kernels.name) is not what portable kernels give")
      }
      return Double(updates.bytes)
    }
    return BenchResult(
      values: rates,
      facts: [
        ("updates", "\(updates.facts.count)"), ("elements", "\(updates.elementCounts[0])"),
        ("kernels", "\"\(kernels.name)\""),
      ])
  }
}

/// Made-up updates of one layer, side by side in memory as mapped files would be.
private final class BenchUpdates: UpdateSource {
  let facts: [UpdateFacts]
  let elementCounts: [Int]
  private let elements: UnsafeMutableBufferPointer<Float>

  init(count: Int, elements: Int) {
    facts = (0..<count).map { UpdateFacts(samples: UInt32(100 + $0)) }
    elementCounts = [elements]
    self.elements = .allocate(capacity: count * elements)
    var state: UInt64 = 1
    for index in self.elements.indices {
      // Knuth's MMIX generator; its upper bits are good enough for inputs.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      self.elements[index] = Float(Int32(truncatingIfNeeded: state >> 40) % 2_000) * 0.37
    }
  }

  deinit { elements.deallocate() }

  var bytes: Int { elements.count * 4 }

  func withElements(
    of update: Int, layer: Int, range: Range<Int>, _ body: (DeltaElements) -> Void
  ) throws(AggregationError) {
    let first = update * elementCounts[layer] + range.lowerBound
    guard let start = elements.baseAddress else { return }
    body(.float32(UnsafeRawPointer(start + first)))
  }
}
