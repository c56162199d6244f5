extension LayerState {
  /// Sums the rows of the sources that spiked into `inputs`, exactly.
  ///
  /// Rows are added in 16 bits, which holds 256 weights of magnitude 127, then widened.
  mutating func integrate(_ sources: [Int32]) {
    let size = self.size
    weights.withUnsafeBufferPointer { weights in
      // Unsafe: indices come from the model's own sizes, bounds checks would halve the speed.
      narrowInputs.withUnsafeMutableBufferPointer { narrow in
        inputs.withUnsafeMutableBufferPointer { wide in
          guard let rows = weights.baseAddress, let narrow = narrow.baseAddress,
            let wide = wide.baseAddress
          else { return }
          for target in 0..<size { wide[target] = 0 }
          var next = 0
          while next < sources.count {
            let end = min(next + 256, sources.count)
            for target in 0..<size { narrow[target] = 0 }
            while next < end {
              let row = rows + Int(sources[next]) * size
              for target in 0..<size { narrow[target] &+= Int16(row[target]) }
              next += 1
            }
            for target in 0..<size { wide[target] &+= Int32(narrow[target]) }
          }
        }
      }
    }
  }
}
