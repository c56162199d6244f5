/// Plans in a memory of their own: they are read in every step, without copies and counts of
/// references.
final class PlanTable<Plan: Sendable>: Sendable {
  nonisolated(unsafe) let first: UnsafePointer<Plan>
  // Never written after `init`; those who read it hold the table.
  let count: Int

  init(_ plans: [Plan]) {
    let memory = UnsafeMutablePointer<Plan>.allocate(capacity: max(1, plans.count))
    memory.initialize(from: plans, count: plans.count)
    first = UnsafePointer(memory)
    count = plans.count
  }

  deinit {
    UnsafeMutablePointer(mutating: first).deinitialize(count: count)
    first.deallocate()
  }

  var indices: Range<Int> { 0..<count }

  /// The plan's place; good as long as the table is.
  @inline(__always)
  subscript(index: Int) -> UnsafePointer<Plan> { first + index }

  @inline(__always)
  var last: UnsafePointer<Plan> { first + (count - 1) }
}
