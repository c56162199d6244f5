extension ArraySlice<UInt8> {
  /// Little-endian integers in one move; bytes beyond the last whole one are left out.
  func integers<Value: FixedWidthInteger & BitwiseCopyable>(as _: Value.Type) -> [Value] {
    let count = count / MemoryLayout<Value>.size
    return [Value](unsafeUninitializedCapacity: count) { values, filled in
      // The copy ends at `count` values, within both the slice and the new array.
      withUnsafeBytes { source in
        let whole = UnsafeRawBufferPointer(rebasing: source[..<(count * MemoryLayout<Value>.size)])
        UnsafeMutableRawBufferPointer(values).copyMemory(from: whole)
      }
      for index in 0..<count { values[index] = Value(littleEndian: values[index]) }
      filled = count
    }
  }

  /// Whether no bit is set; one pass without a branch, as padding is long.
  var isZero: Bool { reduce(0, |) == 0 }
}
