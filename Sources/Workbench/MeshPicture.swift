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
  ///
  /// Where its lines would be longer than `width`, a tile is one letter, that of its fullest core,
  /// and one bar, the mean of its cores; columns that are still too many follow below the others.
  package func text(width: Int = 100) -> String {
    let margin = max(String(rows).count, String(usedRows.last ?? 0).count)
    let whole = cells(isBrief: false)
    var cells = whole
    var across = usedColumns.count
    if margin + across * (whole.width + 3) > width {
      cells = self.cells(isBrief: true)
      across = max(1, (width - margin) / (cells.width + 3))
    }
    var lines: [String] = []
    for start in stride(from: 0, to: usedColumns.count, by: across) {
      let shown = start..<min(start + across, usedColumns.count)
      func filled(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, cells.width - text.count))
      }
      let header = usedColumns[shown].map { filled("\($0)") }.joined(separator: "   ")
      lines.append(Self.trimmed(String(repeating: " ", count: margin + 2) + header))
      for (row, texts) in zip(usedRows, cells.texts) {
        let number = String(repeating: " ", count: margin - "\(row)".count) + "\(row)"
        lines.append(number + " [" + texts[shown].map(filled).joined(separator: "] [") + "]")
      }
    }
    return (lines + legend(isBrief: cells.isBrief)).joined(separator: "\n") + "\n"
  }

  /// Tiles as text, by row and column of those in use.
  private struct CellTexts {
    var isBrief: Bool
    var texts: [[String]]
    var width: Int
  }

  private func cells(isBrief: Bool) -> CellTexts {
    let bars = Array("▁▂▃▄▅▆▇█")
    let letters = model.layers.indices.map(Self.letter)
    let wide = letters.map(\.count).max() ?? 1
    func text(_ layer: Int, _ level: Double) -> String {
      String(repeating: " ", count: wide - letters[layer].count) + letters[layer]
        + String(bars[max(0, min(7, Int(level * 8)))])
    }
    let texts = tiles.map { line in
      line.map { tile -> String in
        guard isBrief, let fullest = tile.max(by: { $0.level < $1.level }) else {
          return tile.map { text($0.layer, $0.level) }.joined(separator: " ")
        }
        return text(fullest.layer, tile.reduce(0) { $0 + $1.level } / Double(tile.count))
      }
    }
    let widest = texts.joined().map(\.count).max() ?? 0
    return CellTexts(
      isBrief: isBrief, texts: texts, width: max(widest, String(usedColumns.last ?? 0).count))
  }

  private static func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0 == " " }.reversed())
  }

  private func legend(isBrief: Bool) -> [String] {
    let bars = isBrief ? "bars are means of a tile's cores, shares of" : "bars are shares of"
    return [headline + ";", "\(bars) \(Self.amount(full)) \(measure)"]
      + layerLines.enumerated().map { "\(Self.letter($0))  \($1)" }
  }

  /// What is drawn, in a line.
  var headline: String {
    let used = Set(model.cores.map { [$0.column, $0.row] }).count
    let cores = "\(model.cores.count) " + (model.cores.count == 1 ? "core" : "cores")
    return "\(cores) on \(used) of \(columns) x \(rows) tiles, input at tile "
      + "\(model.port.column),\(model.port.row)"
  }

  /// Each layer's name, size and cores.
  var layerLines: [String] {
    model.layers.indices.map { layer in
      let cores = model.cores.count { $0.layer == layer }
      return "\(model.layers[layer].name): \(model.layers[layer].size) "
        + (model.layers[layer].size == 1 ? "neuron" : "neurons") + " on \(cores) "
        + (cores == 1 ? "core" : "cores")
    }
  }

  /// A load as people read it.
  static func amount(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15
      ? "\(Int(value))" : Figure.fixed(value, value < 10 ? 3 : 1)
  }
}
