/// A run of numbers within a chip's memory.
struct Block<Element: BitwiseCopyable>: Sendable {
  let offset: Int
  let count: Int
}

/// Hands out places in a memory that does not exist yet, on boundaries of cache lines.
struct MemoryMap {
  private(set) var bytes = 0

  /// Room for `count` numbers; kernels may read and write up to the next 64 bytes after them.
  mutating func reserve<Element>(_ count: Int, of type: Element.Type) -> Block<Element> {
    let block = Block<Element>(offset: bytes, count: count)
    bytes += (count * MemoryLayout<Element>.stride + 63) / 64 * 64
    return block
  }
}

/// Memory of a chip that kernels work on, all zero at first.
final class ChipMemory: @unchecked Sendable {
  // Written only by the one accelerator that holds it: copies of an accelerator claim a copy first.
  private let base: UnsafeMutableRawPointer
  private let bytes: Int

  init(_ map: MemoryMap) {
    bytes = map.bytes + 64
    base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    clear()
  }

  /// A copy of another memory.
  init(copying other: ChipMemory) {
    bytes = other.bytes
    base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    base.copyMemory(from: other.base, byteCount: bytes)
  }

  deinit { base.deallocate() }

  /// Sets everything to zero.
  func clear() { base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes) }

  /// The numbers of a block; the pointer is good as long as the memory is.
  @inline(__always)
  subscript<Element>(block: Block<Element>) -> UnsafeMutablePointer<Element> {
    (base + block.offset).assumingMemoryBound(to: Element.self)
  }

  /// Copies numbers to the start of a block.
  func fill<Element>(_ block: Block<Element>, with elements: [Element]) {
    precondition(elements.count <= block.count, "\(elements.count) for \(block.count) numbers")
    elements.withUnsafeBufferPointer { elements in
      // Arrays of one type, the larger of which is the block.
      if let first = elements.baseAddress {
        self[block].update(from: first, count: elements.count)
      }
    }
  }

  /// The first `count` numbers of a block.
  func read<Element>(_ block: Block<Element>, count: Int) -> [Element] {
    Array(UnsafeBufferPointer(start: self[block], count: count))
  }
}
