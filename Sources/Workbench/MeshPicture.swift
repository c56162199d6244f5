package import CompiledModel

/// Where the cores of a compiled model lie on the mesh, and how full or busy each is.
///
/// Only rows and columns with cores in use are drawn.
package struct MeshPicture: Sendable {
  /// A core as it is drawn.
  struct Cell: Sendable {
    let core: Int
    let layer: Int
    let neurons: Range<Int>
    let load: Double
    /// Share of `full`, 0 to 1.
    let level: Double
  }

  let model: CompiledModel
  let columns: Int
  let rows: Int
  /// What the loads are, as the legend says it.
  let measure: String
  /// The load that counts as full.
  let full: Double
  /// Columns and rows with cores in use, rising.
  let usedColumns: [Int]
  let usedRows: [Int]
  /// Cores by row and column of those in use, in the order of the model.
  let tiles: [[[Cell]]]

  /// Cores of a model on a mesh of tiles, with one load for each; not negative.
  ///
  /// `full` is the load that fills a core, nil for the largest one; `measure` names the load.
  package init(
    model: CompiledModel, columns: Int, rows: Int, load: [Double], full: Double? = nil,
    measure: String = "load"
  ) {
    precondition(
      load.count == model.cores.count, "\(load.count) loads for \(model.cores.count) cores")
    self.model = model
    self.columns = columns
    self.rows = rows
    self.measure = measure
    let most = full ?? load.max() ?? 0
    self.full = most
    let usedColumns = Set(model.cores.map(\.column)).sorted()
    let usedRows = Set(model.cores.map(\.row)).sorted()
    self.usedColumns = usedColumns
    self.usedRows = usedRows
    var tiles = [[[Cell]]](
      repeating: [[Cell]](repeating: [], count: usedColumns.count), count: usedRows.count)
    for (index, core) in model.cores.enumerated() {
      guard let row = usedRows.firstIndex(of: core.row),
        let column = usedColumns.firstIndex(of: core.column)
      else { continue }
      let level = most > 0 ? max(0, min(1, load[index] / most)) : 0
      tiles[row][column].append(
        Cell(
          core: index, layer: core.layer, neurons: core.neurons, load: load[index], level: level))
    }
    self.tiles = tiles
  }

  /// The letter of a layer: A to Z, then AA, AB and so on.
  static func letter(_ layer: Int) -> String {
    var (number, text) = (layer, "")
    repeat {
      text = String(UnicodeScalar(UInt8(65 + number % 26))) + text
      number = number / 26 - 1
    } while number >= 0
    return text
  }

  /// A grid of tiles for a terminal, each core as the letter of its layer and a bar; then a legend.
  package func text() -> String {
    let bars = Array("▁▂▃▄▅▆▇█")
    let letters = model.layers.indices.map(Self.letter)
    let wide = letters.map(\.count).max() ?? 1
    let most = tiles.flatMap { $0 }.map(\.count).max() ?? 0
    let cell = max(most * (wide + 2) - 1, String(columns).count)
    func filled(_ text: String) -> String {
      text + String(repeating: " ", count: max(0, cell - text.count))
    }
    let margin = max(String(rows).count, String(usedRows.last ?? 0).count)
    func margined(_ text: String) -> String {
      String(repeating: " ", count: margin - text.count) + text
    }
    let header = usedColumns.map { filled("\($0)") }.joined(separator: "   ")
    var lines = [Self.trimmed(margined("") + "  " + header)]
    for (row, line) in zip(usedRows, tiles) {
      let tiles = line.map { tile in
        filled(
          tile.map { cell in
            let letter = letters[cell.layer]
            let fill = String(repeating: " ", count: wide - letter.count)
            return fill + letter + String(bars[min(7, Int(cell.level * 8))])
          }.joined(separator: " "))
      }
      lines.append(margined("\(row)") + " [" + tiles.joined(separator: "] [") + "]")
    }
    lines += legend(letters)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0 == " " }.reversed())
  }

  private func legend(_ letters: [String]) -> [String] {
    var lines = ["\(headline); bars are shares of \(Self.amount(full)) \(measure)"]
    for (letter, line) in zip(letters, layerLines) { lines.append("\(letter)  \(line)") }
    return lines
  }

  /// What is drawn, in a line.
  var headline: String {
    let used = Set(model.cores.map { [$0.column, $0.row] }).count
    return "\(model.cores.count) cores on \(used) of \(columns) x \(rows) tiles, input at tile "
      + "\(model.port.column),\(model.port.row)"
  }

  /// Each layer's name, size and cores.
  var layerLines: [String] {
    model.layers.indices.map { layer in
      let cores = model.cores.count { $0.layer == layer }
      return "\(model.layers[layer].name): \(model.layers[layer].size) neurons on \(cores) "
        + (cores == 1 ? "core" : "cores")
    }
  }

  /// A load as people read it.
  static func amount(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15
      ? "\(Int(value))" : Figure.fixed(value, value < 10 ? 3 : 1)
  }
}
