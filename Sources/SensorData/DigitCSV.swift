package import SpikingNetwork

/// Digits as comma-separated text: on each line 784 intensities, then the label.
package enum DigitCSV {
  /// Intensities of one digit.
  package static let channels = 784

  /// Reads all lines; a sample's id is its position.
  ///
  /// `file` names the text in errors.
  package static func parse(_ bytes: [UInt8], file: String) throws(SensorDataError)
    -> LabelledSamples
  {
    var intensities: [UInt8] = []
    var labels: [UInt8] = []
    intensities.reserveCapacity(bytes.count / 2)
    var row: [UInt8] = []
    var value = -1
    var end = bytes.count
    if bytes.last == newline { end -= 1 }
    for position in 0...end {
      let byte = position == end ? newline : bytes[position]
      switch byte {
      case zero...zero + 9:
        value = max(value, 0) * 10 + Int(byte - zero)
        guard value <= 255 else {
          throw broken(file, line: labels.count, column: row.count, "\(value)", "0 to 255")
        }
      case comma, newline:
        guard value >= 0, row.count <= channels else {
          throw broken(
            file, line: labels.count, column: row.count, value < 0 ? "empty" : "\(value)",
            "\(channels + 1) numbers on a line")
        }
        row.append(UInt8(value))
        value = -1
        guard byte == newline else { continue }
        guard row.count == channels + 1, row[channels] <= 9 else {
          throw broken(
            file, line: labels.count, column: row.count - 1, "\(row[row.count - 1]), the last",
            "\(channels) intensities, then a label of 0 to 9")
        }
        labels.append(row[channels])
        intensities += row[..<channels]
        row.removeAll(keepingCapacity: true)
      default:
        throw broken(
          file, line: labels.count, column: row.count, "the byte \(byte)",
          "digits, commas and line feeds")
      }
    }
    return LabelledSamples(
      channels: channels, intensities: intensities, labels: labels,
      ids: (0..<UInt64(labels.count)).map { $0 })
  }

  private static let newline = UInt8(ascii: "\n")
  private static let comma = UInt8(ascii: ",")
  private static let zero = UInt8(ascii: "0")

  private static func broken(
    _ file: String, line: Int, column: Int, _ found: String, _ expected: String
  ) -> SensorDataError {
    SensorDataError(
      .malformed, place: file, field: "line \(line + 1), column \(column + 1)", found: found,
      expected: expected, cure: "replace the file")
  }
}
