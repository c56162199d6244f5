import CKernels

/// The inner loops of merging at one level of vector instructions; all levels give equal bits.
package struct AggregationKernels: Sendable {
  /// Name of the level: `portable`, `avx2` or `avx512`.
  package let name: String
  nonisolated(unsafe) let table: UnsafePointer<AggregationTable>
  // Constant data of the program, never written and never freed.

  /// What any machine of its kind can run.
  package static let portable: AggregationKernels = {
    guard let table = aggregation_portable() else { preconditionFailure("no portable kernels") }
    return AggregationKernels(name: "portable", table: table)
  }()

  /// All levels that this machine can run, the fastest last.
  package static let available: [AggregationKernels] =
    [portable]
    + [("avx2", aggregation_avx2()), ("avx512", aggregation_avx512())].compactMap { name, table in
      table.map { AggregationKernels(name: name, table: $0) }
    }

  /// The fastest level that this machine can run.
  package static let best: AggregationKernels = available.last ?? portable
}

/// Memory for some rows of a block, on a boundary of 64 bytes, freed with the value.
struct BlockRows: ~Copyable {
  /// Columns of a block of all updates, so that a hundred rows stay in a core's cache.
  static let columns = 1_024
  /// Columns of a block that updates are added into one by one: its sums stay in the first cache.
  static let sumColumns = 2_048
  /// From row to row: the extra lines keep rows from falling on the same lines of the cache.
  static let stride = columns + 16

  private let floats: UnsafeMutablePointer<Float>

  /// Room for rows of `columns`.
  init(count: Int) { self.init(floats: max(count, 1) * Self.stride) }

  /// Room for one row of so many columns.
  init(columns: Int) { self.init(floats: columns) }

  private init(floats count: Int) {
    floats = UnsafeMutableRawPointer.allocate(
      byteCount: count * MemoryLayout<Float>.stride, alignment: 64
    ).bindMemory(to: Float.self, capacity: count)
  }

  deinit { UnsafeMutableRawPointer(floats).deallocate() }

  /// The first column of a row.
  func row(_ index: Int) -> UnsafeMutablePointer<Float> { floats + index * Self.stride }
}
