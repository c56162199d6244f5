extension SynapsePrecision {
  /// Weights that share a byte.
  private var weightsPerByte: Int { 8 / Int(rawValue) }

  /// Bytes of so many weights.
  func packedBytes(_ count: Int) -> Int { (count + weightsPerByte - 1) / weightsPerByte }

  /// Appends weights: a byte each, two in a byte from its lower half on, or eight in a byte from
  /// its lowest bit on, where 1 stands for 1 and 0 for -1.
  func pack(_ weights: [Int8], to writer: inout ByteWriter) {
    guard self != .int8 else {
      writer.integers(weights)
      return
    }
    // A piece at a time, so that no second copy of all bytes is held.
    let piece = 1 << 16
    for start in stride(from: 0, to: weights.count, by: piece) {
      writer.raw(packed(weights[start..<min(start + piece, weights.count)]))
    }
  }

  /// The bytes of `pack`.
  private func packed(_ weights: ArraySlice<Int8>) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: packedBytes(weights.count))
    let bits = Int(rawValue)
    let shift = self == .int4 ? 1 : 3
    for (index, weight) in weights.enumerated() {
      let code = self == .int4 ? UInt8(bitPattern: weight) & 15 : weight > 0 ? 1 : 0
      bytes[index >> shift] |= code << UInt8((index & (weightsPerByte - 1)) * bits)
    }
    return bytes
  }

  /// Reads what `pack` wrote for `count` weights, nil where bits that stand for nothing are not 0.
  func unpacked(_ bytes: ArraySlice<UInt8>, count: Int) -> [Int8]? {
    guard self != .int8 else { return bytes.integers(as: Int8.self) }
    let used = count % weightsPerByte * Int(rawValue)
    if used > 0, let last = bytes.last, last >> UInt8(used) != 0 { return nil }
    let bits = Int(rawValue)
    let shift = self == .int4 ? 1 : 3
    let first = bytes.startIndex
    return [Int8](unsafeUninitializedCapacity: count) { weights, filled in
      // Every element below `count` is written once, as the closure must do.
      for index in 0..<count {
        let byte = bytes[first + index >> shift] >> UInt8((index & (weightsPerByte - 1)) * bits)
        let code = Int8(truncatingIfNeeded: byte)
        weights.initializeElement(
          at: index, to: self == .int4 ? (code << 4) >> 4 : (code & 1) * 2 - 1)
      }
      filled = count
    }
  }
}
