import FleetAPI
import Workbench

/// An answer about telemetry as lines.
struct TelemetryText {
  let answer: TelemetryAnswer

  private var isSummed: Bool { answer.rows.allSatisfy { $0.atMicroseconds == nil } }

  func writeTable() {
    var columns: [TextTable.Column] = isSummed ? [] : [.text("FROM")]
    columns += answer.groupBy.map { .text($0.uppercased()) }
    columns += answer.metrics.map { .number($0.uppercased()) }
    columns += [.number("NODES"), .number("WINDOWS"), .number("FLAGGED"), .text("MARKS")]
    columns.append(.text("PRICES"))
    var table = TextTable(columns)
    for row in answer.rows {
      var cells = row.atMicroseconds.map { [Figure.instant(microseconds: $0)] } ?? []
      cells += row.group
      cells += zip(answer.metrics, row.values).map(Self.figure)
      cells += ["\(row.nodes)", "\(row.windows)", "\(row.flagged)"]
      cells.append(row.flags.joined(separator: " "))
      cells.append(row.priceTables.joined(separator: ", "))
      table.add(cells)
    }
    Console.table(table, empty: "no telemetry in that time")
  }

  private static func figure(_ metric: String, _ value: Double?) -> String {
    if metric.contains("joules") { return Figure.joules(value) }
    return Figure.fixed(value, metric.contains("accuracy") || metric.contains("seconds") ? 2 : 0)
  }

  /// RFC 4180, one line a row; numbers in full, nothing for what is not known.
  var csv: String {
    var lines = [
      (["from_us"] + answer.groupBy + answer.metrics
        + ["nodes", "windows", "flagged", "marks", "prices"]).joined(separator: ",")
    ]
    for row in answer.rows {
      var cells = [row.atMicroseconds.map(String.init) ?? ""]
      cells += row.group.map(Self.quoted)
      cells += row.values.map { $0.map { "\($0)" } ?? "" }
      cells += ["\(row.nodes)", "\(row.windows)", "\(row.flagged)"]
      cells.append(row.flags.joined(separator: " "))
      cells.append(Self.quoted(row.priceTables.joined(separator: "; ")))
      lines.append(cells.joined(separator: ","))
    }
    return lines.map { $0 + "\r\n" }.joined()
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
