import CompiledModel

/// Lays out the memories of a chip while its plan is made, and notes what they hold at first.
struct PlanBuilder {
  /// What never changes, shared by all copies of a chip.
  private(set) var constants = MemoryMap()
  /// State that is zero at the start of each sample.
  private(set) var resting = MemoryMap()
  /// State that outlives samples, and what is written before it is read.
  private(set) var lasting = MemoryMap()
  private var constantFills: [(ChipMemory) -> Void] = []
  private var lastingFills: [(ChipMemory) -> Void] = []

  /// Neurons or sources with the padding that kernels want.
  static func padded(_ count: Int) -> Int { (count + 63) / 64 * 64 }

  /// Numbers that never change.
  mutating func constant<Element: Sendable>(
    _ elements: [Element], count: Int? = nil
  ) -> Block<Element> {
    let block = constants.reserve(max(elements.count, count ?? 0), of: Element.self)
    constantFills.append { $0.fill(block, with: elements) }
    return block
  }

  /// Numbers that start as given and may change.
  mutating func variable<Element: Sendable>(_ elements: [Element], count: Int) -> Block<Element> {
    let block = lasting.reserve(count, of: Element.self)
    lastingFills.append { $0.fill(block, with: elements) }
    return block
  }

  /// Numbers that are zero at first and stay from sample to sample.
  mutating func scratch<Element>(_ count: Int, of type: Element.Type) -> Block<Element> {
    lasting.reserve(count, of: type)
  }

  /// Numbers that are zero at the start of each sample.
  mutating func state<Element>(_ count: Int, of type: Element.Type) -> Block<Element> {
    resting.reserve(count, of: type)
  }

  /// One parameter of a layer's neurons.
  mutating func parameter(_ values: NeuronValues) -> ParameterBlock {
    let shared = values.isShared
    let elements = shared ? [Int32](repeating: values[0], count: 16) : values.values
    return ParameterBlock(
      block: constant(elements, count: Self.padded(elements.count)), isShared: shared ? 1 : 0)
  }

  func makeConstants() -> ChipMemory {
    let memory = ChipMemory(constants)
    for fill in constantFills { fill(memory) }
    return memory
  }

  func makeLasting() -> ChipMemory {
    let memory = ChipMemory(lasting)
    for fill in lastingFills { fill(memory) }
    return memory
  }
}

/// A parameter of a layer's neurons: one number each, or 16 equal ones.
struct ParameterBlock: Sendable {
  let block: Block<Int32>
  let isShared: Int32
}
