/// A small table of aligned columns for a terminal.
package struct TextTable: Sendable, Equatable {
  /// One column: its heading, and on which side its cells are filled up.
  package struct Column: Sendable, Equatable {
    /// Text of the first line.
    package var title: String
    /// Numbers stand to the right.
    package var isNumber: Bool

    /// A column of words.
    package static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
    /// A column of numbers.
    package static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  /// The columns from left to right.
  package let columns: [Column]
  /// The cells of each row, from top to bottom.
  package private(set) var rows: [[String]] = []

  /// A table without rows.
  package init(_ columns: [Column]) {
    precondition(!columns.isEmpty, "a table without columns")
    self.columns = columns
  }

  /// Adds a row of one cell a column.
  package mutating func add(_ cells: [String]) {
    precondition(
      cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
    // A peer's text must not move the cursor or start a new line.
    rows.append(cells.map(Self.printable))
  }

  /// The lines of the table: headings first, no white space at their ends.
  package var lines: [String] {
    let widths = columns.indices.map { column in
      max(columns[column].title.count, rows.map { $0[column].count }.max() ?? 0)
    }
    return ([columns.map(\.title)] + rows).map { cells in
      let padded = cells.indices.map { index in
        let fill = String(repeating: " ", count: widths[index] - cells[index].count)
        return columns[index].isNumber ? fill + cells[index] : cells[index] + fill
      }
      var line = padded.joined(separator: "  ")
      while line.utf8.last == 0x20 { line.removeLast() }
      return line
    }
  }

  /// The lines, each with its end.
  package var text: String { lines.map { $0 + "\n" }.joined() }

  /// Text in which every control character became a space.
  package static func printable(_ text: String) -> String {
    // Most is plain, and tables of a large fleet have tens of thousands of cells.
    guard text.utf8.contains(where: { !(0x20..<0x7F).contains($0) }) else { return text }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }))
  }
}
