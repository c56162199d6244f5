extension TextTable {
  /// The lines of the table in so many columns of a terminal, where words allow it.
  ///
  /// The widest columns of words are narrowed, their cells go on in the lines below.
  package func lines(within width: Int) -> [String] {
    var widths = columns.indices.map { column in
      max(columns[column].title.count, rows.map { $0[column].count }.max() ?? 0)
    }
    let least = columns.indices.map { column in
      columns[column].isNumber ? widths[column] : max(columns[column].title.count, 12)
    }
    while widths.reduce(0, +) + 2 * (columns.count - 1) > width {
      let narrowed = columns.indices.filter { widths[$0] > least[$0] }
        .max { widths[$0] < widths[$1] }
      guard let narrowed else { break }
      widths[narrowed] -= 1
    }
    var wrapped = TextTable(columns)
    for row in rows {
      let cells = columns.indices.map { column in
        columns[column].isNumber
          ? [row[column]] : Self.wrapped(row[column], width: widths[column])
      }
      for line in 0..<(cells.map(\.count).max() ?? 1) {
        wrapped.add(cells.map { line < $0.count ? $0[line] : "" })
      }
    }
    return wrapped.lines
  }

  /// Lines of at most `width` characters, broken at spaces; a longer word is cut.
  package static func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      var rest = word
      if !line.isEmpty, line.count + 1 + rest.count <= width {
        line += " " + rest
        continue
      }
      if !line.isEmpty { lines.append(line) }
      while rest.count > max(1, width) {
        lines.append(String(rest.prefix(max(1, width))))
        rest = rest.dropFirst(max(1, width))
      }
      line = String(rest)
    }
    return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
  }
}
