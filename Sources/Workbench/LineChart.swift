/// A chart of lines over two axes, as the text of a scalable picture.
struct LineChart {
  private struct Series {
    var name: String
    var points: [(x: Double, y: Double)]
  }

  private let title: String
  private let horizontal: String
  private let vertical: String
  private var series: [Series] = []

  private static let size = (width: 640.0, height: 380.0)
  private static let plot = (left: 64.0, top: 60.0, right: 616.0, bottom: 328.0)

  init(title: String, horizontal: String, vertical: String) {
    self.title = title
    self.horizontal = horizontal
    self.vertical = vertical
  }

  /// Adds a line; one without points is left out.
  mutating func add(_ name: String, _ points: [(x: Double, y: Double)]) {
    guard !points.isEmpty else { return }
    series.append(Series(name: name, points: points))
  }

  /// The whole file.
  var svg: String {
    let points = series.flatMap(\.points)
    let across = LinePlot.Scale(
      points.map(\.x), axis(horizontal), from: Self.plot.left, to: Self.plot.right)
    let up = LinePlot.Scale(
      points.map(\.y), axis(vertical), from: Self.plot.bottom, to: Self.plot.top)
    var picture = SVGDocument(
      width: Self.size.width, height: Self.size.height, title: "\(title), \(vertical)")
    picture.letters(title, x: Self.plot.left, y: 24, size: 14, bold: true)
    draw(across, up, &picture)
    var left = Self.plot.left
    for (index, line) in series.enumerated() {
      let colour = SVGDocument.colours[1 + index % (SVGDocument.colours.count - 1)]
      picture.path(
        line.points.map { (across.place(of: $0.x), up.place(of: $0.y)) }, width: 1.8, colour: colour
      )
      picture.rectangle(x: left, y: 36, width: 10, height: 10, fill: colour, radius: 2)
      picture.letters(line.name, x: left + 15, y: 45, size: 11)
      left += 15 + SVGDocument.width(of: line.name, size: 11) + 18
    }
    return picture.text
  }

  private func draw(
    _ across: LinePlot.Scale, _ up: LinePlot.Scale, _ picture: inout SVGDocument
  ) {
    for mark in up.marks {
      let y = up.place(of: mark)
      picture.line(from: (Self.plot.left, y), to: (Self.plot.right, y), opacity: 0.35)
      picture.letters(text(mark, of: up), x: Self.plot.left - 8, y: y + 4, anchor: "end", size: 10)
    }
    for mark in across.marks {
      let x = across.place(of: mark)
      picture.line(from: (x, Self.plot.bottom), to: (x, Self.plot.bottom + 4))
      picture.letters(
        text(mark, of: across), x: x, y: Self.plot.bottom + 17, anchor: "middle", size: 10)
    }
    picture.line(
      from: (Self.plot.left, Self.plot.bottom), to: (Self.plot.right, Self.plot.bottom))
    picture.letters(
      horizontal, x: (Self.plot.left + Self.plot.right) / 2, y: Self.plot.bottom + 38,
      anchor: "middle", size: 11)
    picture.letters(vertical, x: Self.plot.right, y: 45, anchor: "end", size: 11)
  }

  private func axis(_ title: String) -> LinePlot.Axis {
    LinePlot.Axis(title) { Figure.fixed($0, 2) }
  }

  /// With as many digits as tell neighbouring marks apart.
  private func text(_ mark: Double, of scale: LinePlot.Scale) -> String {
    var (step, digits) = (1.0, 0)
    if scale.marks.count > 1 { step = scale.marks[1] - scale.marks[0] }
    while step < 0.999, digits < 9 {
      step *= 10
      digits += 1
    }
    return Figure.fixed(mark, digits)
  }
}
