import CKernels

/// The inner loops of the chip at one level of vector instructions; all levels give equal integers.
package struct KernelSet: Sendable {
  /// Name of the level: `portable`, `neon`, `avx2` or `avx512`.
  package let name: String
  nonisolated(unsafe) let table: UnsafePointer<KernelTable>
  // Constant data of the program, never written and never freed.

  /// What any machine of its kind can run.
  package static let portable: KernelSet = {
    guard let table = kernels_portable() else { preconditionFailure("no portable kernels") }
    #if arch(arm64)
      return KernelSet(name: "neon", table: table)
    #else
      return KernelSet(name: "portable", table: table)
    #endif
  }()

  /// All levels that this machine can run, the fastest last.
  package static let available: [KernelSet] =
    [portable]
    + [("avx2", kernels_avx2()), ("avx512", kernels_avx512())].compactMap { name, table in
      table.map { KernelSet(name: name, table: $0) }
    }

  /// The fastest level that this machine can run.
  package static let best: KernelSet = available.last ?? portable
}
