/// How an array that adds up weights in memory is read: some rows at once, each column by a
/// converter of few bits.
///
/// One reading drives up to `rows` rows of spiking sources; the sum s of a column becomes
/// `clamp((s + half) >> shift, -(2^bits - 1), 2^bits - 1) << shift`, `half` being `2^(shift - 1)`,
/// or 0 where the shift is 0.
package struct ColumnConverter: Sendable, Equatable {
  /// Rows that one reading drives at most.
  package var rows: Int
  /// Bits of the magnitude that a converter tells apart.
  package var bits: Int

  /// Takes the parts as they are.
  package init(rows: Int, bits: Int) {
    self.rows = rows
    self.bits = bits
  }

  /// Rows that one reading may drive: sums of so many weights fit 16 bits.
  package static let rowsRange = 1...256
  /// Bits that a converter may have.
  package static let bitsRange = 1...15

  /// Bits that a reading loses: the converter's range is that of `rows` weights, rounded up to a
  /// power of two.
  package var shift: Int32 {
    var width: Int32 = 7
    while 1 << (width - 7) < rows { width += 1 }
    return max(0, width - Int32(bits))
  }

  /// Largest magnitude that a converter tells apart.
  package var limit: Int32 { 1 << Int32(bits) &- 1 }

  /// What a reading makes of a column's sum.
  package func converted(_ sum: Int) -> Int {
    let half = shift > 0 ? 1 << Int(shift - 1) : 0
    let level = (sum + half) >> Int(shift)
    return max(-Int(limit), min(Int(limit), level)) << Int(shift)
  }

  /// Largest magnitude that the readings of so many spikes add up to, above that of the sums.
  package func excess(spikes: Int) -> Int {
    shift > 0 ? ((spikes + rows - 1) / rows) << Int(shift - 1) : 0
  }
}
