/// A part of a model whose fields are judged; names the first that is wrong.
struct FieldPath {
  let section: String
  /// What stands before a field's name.
  var prefix = ""

  /// The same within a part of this part.
  func at(_ part: String) -> FieldPath { FieldPath(section: section, prefix: prefix + part + ".") }

  func error<Found>(_ field: String, _ found: Found, _ expected: String) -> ModelError {
    ModelError(section: section, field: prefix + field, found: "\(found)", expected: expected)
  }

  func require<Found>(
    _ isMet: Bool, _ field: String, _ found: @autoclosure () -> Found,
    _ expected: @autoclosure () -> String
  ) throws(ModelError) {
    guard isMet else { throw error(field, found(), expected()) }
  }

  func range<Value: BinaryInteger>(
    _ value: Value, _ range: ClosedRange<Value>, _ field: String
  ) throws(ModelError) {
    try require(
      range.contains(value), field, value, "\(range.lowerBound) to \(range.upperBound)")
  }

  func range(
    _ values: NeuronValues, size: Int, _ range: ClosedRange<Int32>, _ field: String
  ) throws(ModelError) {
    let all = values.values
    try require(
      all.count == 1 || all.count == size, field, "\(all.count) values", "1 or \(size)")
    for value in all { try self.range(value, range, field) }
    try require(
      all.count == 1 || all.contains { $0 != all[0] }, field, "\(all.count) equal values",
      "one value for all")
  }

  /// A quantity of the network: a number above 0, neither lost nor infinite in products.
  func measure(_ value: Double, _ field: String) throws(ModelError) {
    let most = CompiledModel.measureMax
    try require(value >= 1 / most && value <= most, field, value, "\(1 / most) to \(most)")
  }

  func name(_ text: String, _ field: String) throws(ModelError) {
    let bytes = Array(text.utf8)
    try require(
      !bytes.isEmpty && bytes.count <= CompiledModel.nameBytesMax
        && Self.isAlphanumeric(bytes[0])
        && bytes.allSatisfy { Self.isAlphanumeric($0) || [0x2D, 0x2E, 0x5F].contains($0) },
      field, text, "[a-z0-9][a-z0-9._-]{0,62}")
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
  }
}
