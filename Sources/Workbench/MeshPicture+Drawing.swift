import CompiledModel

extension MeshPicture {
  /// A heat map as the text of an SVG file: tiles as squares, cores coloured by their load.
  package func svg() -> String {
    let (left, top, gap, padding) = (44.0, 74.0, 8.0, 4.0)
    let most = tiles.flatMap { $0 }.map(\.count).max() ?? 1
    var across = 1
    while across * across < most { across += 1 }
    let down = (max(1, most) + across - 1) / across
    let side = most == 1 ? 46.0 : 32.0
    let tileWidth = Double(across) * (side + 2) - 2 + 2 * padding
    let tileHeight = Double(down) * (side + 2) - 2 + 2 * padding
    let grid = (
      width: Double(usedColumns.count) * (tileWidth + gap),
      height: Double(usedRows.count) * (tileHeight + gap)
    )
    let legendTop = top + grid.height + 18
    let title = "\(model.name) on \(model.chip)"
    let letters = max(
      SVGDocument.width(of: title, size: 14, bold: true), SVGDocument.width(of: headline, size: 11))
    var picture = SVGDocument(
      width: max(480, left + max(grid.width, letters) + 20),
      height: legendTop + 44 + 18 * Double(model.layers.count),
      title: "\(title): \(headline)")
    picture.letters(title, x: left, y: 24, size: 14, bold: true)
    picture.letters(headline, x: left, y: 42, size: 11)
    for (index, column) in usedColumns.enumerated() {
      let x = left + Double(index) * (tileWidth + gap) + tileWidth / 2
      picture.letters("\(column)", x: x, y: top - 8, anchor: "middle", size: 10)
    }
    for (line, row) in usedRows.enumerated() {
      let y = top + Double(line) * (tileHeight + gap)
      picture.letters(
        "\(row)", x: left - 10, y: y + tileHeight / 2 + 4, anchor: "end", size: 10)
      for index in usedColumns.indices {
        let x = left + Double(index) * (tileWidth + gap)
        draw(tiles[line][index], &picture, x: x, y: y, size: (tileWidth, tileHeight), side, across)
      }
    }
    drawLegend(&picture, left: left, top: legendTop)
    return picture.text
  }

  private func draw(
    _ cells: [Cell], _ picture: inout SVGDocument, x: Double, y: Double,
    size: (width: Double, height: Double), _ side: Double, _ across: Int
  ) {
    picture.rectangle(
      x: x, y: y, width: size.width, height: size.height, fill: "none",
      stroke: SVGDocument.faint, radius: 5)
    for (place, cell) in cells.enumerated() {
      let (row, column) = place.quotientAndRemainder(dividingBy: across)
      let (left, top) = (x + 4 + Double(column) * (side + 2), y + 4 + Double(row) * (side + 2))
      let neurons = "\(cell.neurons.lowerBound) to \(cell.neurons.upperBound - 1)"
      picture.rectangle(
        x: left, y: top, width: side, height: side, fill: Self.colour(cell.level), radius: 3,
        hint: "core \(cell.core): \(model.layers[cell.layer].name), neurons \(neurons), "
          + "\(Self.amount(cell.load)) \(measure)")
      picture.letters(
        Self.letter(cell.layer), x: left + side / 2, y: top + side / 2 + 5, anchor: "middle",
        size: 14, bold: true, colour: cell.level > 0.45 ? "#ffffff" : "#26303c")
    }
  }

  private func drawLegend(_ picture: inout SVGDocument, left: Double, top: Double) {
    let (shades, width) = (24, 8.0)
    for shade in 0..<shades {
      picture.rectangle(
        x: left + Double(shade) * width, y: top, width: width, height: 10,
        fill: Self.colour((Double(shade) + 0.5) / Double(shades)))
    }
    picture.letters(
      "0 to \(Self.amount(full)) \(measure)", x: left + Double(shades) * width + 10, y: top + 9,
      size: 11)
    for (layer, line) in layerLines.enumerated() {
      let y = top + 34 + 18 * Double(layer)
      picture.letters(Self.letter(layer), x: left, y: y, bold: true)
      picture.letters(line, x: left + 26, y: y)
    }
  }

  /// From pale sand over orange to dark red; lightness falls all the way, so it prints as well.
  static func colour(_ level: Double) -> String {
    let stops: [(Double, Double, Double)] = [
      (250, 233, 196), (243, 168, 86), (214, 84, 47), (126, 18, 54),
    ]
    let place = max(0, min(1, level)) * Double(stops.count - 1)
    let index = min(stops.count - 2, Int(place))
    let share = place - Double(index)
    func mixed(_ from: Double, _ to: Double) -> String {
      let value = Int((from + (to - from) * share).rounded())
      return (value < 16 ? "0" : "") + String(value, radix: 16)
    }
    let (from, to) = (stops[index], stops[index + 1])
    return "#" + mixed(from.0, to.0) + mixed(from.1, to.1) + mixed(from.2, to.2)
  }
}
