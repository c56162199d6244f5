/// A column of 64-bit values in few bytes.
///
/// A constant is one value. Anything else is taken as it is, as differences, or as differences of
/// differences, whichever comes out smallest; groups of 32 are then stored above their least value
/// in as many bits as the widest needs. All arithmetic wraps, so that every value comes back.
enum IntegerColumn {
  private static let groupMax = 32

  /// How the values are changed before they are packed; the raw value is the order of differences.
  private enum Form: UInt8, CaseIterable {
    case values, differences, curvatures
    /// The byte that stands for a column of one value.
    static let constant: UInt8 = 3
    /// The byte that stands for a column of zeros.
    static let zeros: UInt8 = 4
  }

  static func write(_ values: [UInt64], to writer: inout PackedWriter) {
    guard let first = values.first else { return }
    if values.allSatisfy({ $0 == first }) {
      writer.byte(first == 0 ? Form.zeros : Form.constant)
      if first != 0 { writer.varint(first) }
      return
    }
    var best = (form: Form.values, rest: values, size: size(of: values))
    var rest = values
    for form in Form.allCases.dropFirst() {
      let order = Int(form.rawValue)
      for index in stride(from: rest.count - 1, through: order, by: -1) {
        rest[index] = rest[index] &- rest[index - 1]
      }
      let size = size(of: Array(rest.dropFirst(order)))
      if size < best.size { best = (form, rest, size) }
    }
    writer.byte(best.form.rawValue)
    let order = min(Int(best.form.rawValue), values.count)
    for head in best.rest.prefix(order) { writer.varint(zigzag(head)) }
    pack(best.rest.dropFirst(order), to: &writer)
  }

  /// Nil for bytes that `write` does not make.
  static func read(_ count: Int, from reader: inout PackedReader) -> [UInt64]? {
    guard count > 0 else { return [] }
    guard let code = reader.byte() else { return nil }
    if code == Form.zeros { return [UInt64](repeating: 0, count: count) }
    if code == Form.constant {
      return reader.varint().map { [UInt64](repeating: $0, count: count) }
    }
    guard let form = Form(rawValue: code) else { return nil }
    let order = min(Int(form.rawValue), count)
    var values: [UInt64] = []
    values.reserveCapacity(count)
    for _ in 0..<order {
      guard let head = reader.varint() else { return nil }
      values.append(unzigzag(head))
    }
    guard unpack(count - order, from: &reader, onto: &values) else { return nil }
    for step in stride(from: order, to: 0, by: -1) {
      for index in stride(from: step, to: count, by: 1) {
        values[index] = values[index] &+ values[index - 1]
      }
    }
    return values
  }

  private static func zigzag(_ value: UInt64) -> UInt64 {
    value << 1 ^ UInt64(bitPattern: Int64(bitPattern: value) >> 63)
  }

  private static func unzigzag(_ value: UInt64) -> UInt64 {
    value >> 1 ^ (0 &- (value & 1))
  }

  private static func width(of group: ArraySlice<UInt64>) -> (least: UInt64, bits: Int) {
    var least = Int64.max
    for value in group { least = min(least, Int64(bitPattern: value)) }
    let base = UInt64(bitPattern: least)
    let widest = group.reduce(UInt64(0)) { max($0, $1 &- base) }
    return (base, 64 - widest.leadingZeroBitCount)
  }

  private static func groups(_ values: ArraySlice<UInt64>) -> [ArraySlice<UInt64>] {
    stride(from: values.startIndex, to: values.endIndex, by: groupMax).map { start in
      values[start..<min(start + groupMax, values.endIndex)]
    }
  }

  /// Bytes of the packed groups, about.
  private static func size(of values: [UInt64]) -> Int {
    groups(values[...]).reduce(0) { sum, group in
      let (least, bits) = width(of: group)
      let head = max(1, (70 - zigzag(least).leadingZeroBitCount) / 7)
      return sum + 1 + head + (bits * group.count + 7) / 8
    }
  }

  private static func pack(_ values: ArraySlice<UInt64>, to writer: inout PackedWriter) {
    for group in groups(values) {
      let (least, bits) = width(of: group)
      writer.byte(UInt8(bits))
      writer.varint(zigzag(least))
      for value in group { writer.bits(value &- least, width: bits) }
      writer.align()
    }
  }

  private static func unpack(
    _ count: Int, from reader: inout PackedReader, onto values: inout [UInt64]
  ) -> Bool {
    var left = count
    while left > 0 {
      guard let bits = reader.byte(), let least = reader.varint() else { return false }
      let base = unzigzag(least)
      for _ in 0..<min(left, groupMax) {
        guard let field = reader.bits(width: Int(bits)) else { return false }
        values.append(base &+ field)
      }
      reader.align()
      left -= min(left, groupMax)
    }
    return true
  }
}
