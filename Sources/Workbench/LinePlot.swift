/// One quantity over another, as a line with a dot for each point.
package struct LinePlot: Sendable {
  /// A point of the plot.
  package struct Point: Sendable, Equatable {
    /// Place along the page.
    package var x: Double
    /// Height.
    package var y: Double
    /// What appears under the pointer.
    package var hint: String
    /// False for a point that is shown as a ring, which the line passes by.
    package var isOnLine: Bool

    /// A point, on the line unless told otherwise.
    package init(x: Double, y: Double, hint: String, isOnLine: Bool = true) {
      self.x = x
      self.y = y
      self.hint = hint
      self.isOnLine = isOnLine
    }
  }

  /// An axis: what it measures, and how its numbers are written.
  package struct Axis: Sendable {
    /// What it measures, with its unit.
    package var title: String
    /// A number of the axis as text.
    package var text: @Sendable (Double) -> String
    /// True where only whole numbers are marked.
    package var isWhole: Bool
    /// What the axis keeps to, whatever room its points would like.
    package var limits: ClosedRange<Double>

    /// An axis from 0 on, unless told otherwise.
    package init(
      _ title: String, isWhole: Bool = false,
      limits: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude,
      text: @escaping @Sendable (Double) -> String
    ) {
      self.title = title
      self.isWhole = isWhole
      self.limits = limits
      self.text = text
    }
  }

  /// What the plot shows, in a line.
  package var title: String
  /// What a reader needs to judge it, in a line.
  package var note: String
  /// From left to right.
  package var horizontal: Axis
  /// From the bottom up.
  package var vertical: Axis
  /// The points from left to right.
  package var points: [Point]

  /// A plot with all its parts.
  package init(
    title: String, note: String, horizontal: Axis, vertical: Axis, points: [Point]
  ) {
    self.title = title
    self.note = note
    self.horizontal = horizontal
    self.vertical = vertical
    self.points = points
  }

  private static let size = (width: 720.0, height: 400.0)
  private static let frame = (left: 64.0, top: 80.0, right: 692.0, bottom: 340.0)

  /// The text of an SVG file.
  package func svg() -> String {
    let (size, frame) = (Self.size, Self.frame)
    let letters = max(
      SVGDocument.width(of: title, size: 14, bold: true), SVGDocument.width(of: note, size: 11))
    var picture = SVGDocument(
      width: max(size.width, frame.left + letters + 20), height: size.height, title: title)
    picture.letters(title, x: frame.left, y: 24, size: 14, bold: true)
    picture.letters(note, x: frame.left, y: 42, size: 11)
    let along = Scale(points.map(\.x), horizontal, from: frame.left, to: frame.right)
    let up = Scale(points.map(\.y), vertical, from: frame.bottom, to: frame.top)
    for mark in up.marks {
      let y = up.place(of: mark)
      picture.line(from: (frame.left, y), to: (frame.right, y), opacity: 0.25)
      picture.letters(
        vertical.text(mark), x: frame.left - 8, y: y + 4, anchor: "end", size: 11)
    }
    for mark in along.marks {
      let x = along.place(of: mark)
      picture.line(from: (x, frame.bottom), to: (x, frame.bottom + 5))
      picture.letters(
        horizontal.text(mark), x: x, y: frame.bottom + 19, anchor: "middle", size: 11)
    }
    picture.line(from: (frame.left, frame.bottom), to: (frame.right, frame.bottom))
    picture.letters(
      horizontal.title, x: (frame.left + frame.right) / 2, y: frame.bottom + 42, anchor: "middle")
    picture.letters(vertical.title, x: frame.left, y: frame.top - 10, size: 11)
    let colour = SVGDocument.colours[1]
    let line = points.filter(\.isOnLine)
    picture.path(
      line.map { (along.place(of: $0.x), up.place(of: $0.y)) }, width: 2, colour: colour)
    for point in points {
      picture.dot(
        x: along.place(of: point.x), y: up.place(of: point.y), radius: points.count > 60 ? 2 : 4,
        colour: point.isOnLine ? colour : SVGDocument.colours[7], isRing: !point.isOnLine,
        hint: point.hint)
    }
    if points.isEmpty {
      picture.letters(
        "no figures yet", x: (frame.left + frame.right) / 2, y: (frame.top + frame.bottom) / 2,
        anchor: "middle")
    }
    return picture.text
  }

  /// Round numbers along an axis, and where they lie.
  struct Scale {
    let low: Double
    let high: Double
    let marks: [Double]
    private let start: Double
    private let end: Double

    /// Room for all values between round numbers, within the axis's limits.
    init(_ values: [Double], _ axis: Axis, from start: Double, to end: Double) {
      let (least, most) = (values.min() ?? 0, values.max() ?? 1)
      // Something has to lie between them, be there one value only.
      let whole = axis.limits.upperBound - axis.limits.lowerBound
      let leastRoom = axis.isWhole ? 1 : whole < 1e9 ? whole / 50 : 1e-12
      let room = most > least ? 0 : max(abs(most) * 0.1, leastRoom)
      let step = Self.step(most - least + 2 * room, isWhole: axis.isWhole)
      let low = max(axis.limits.lowerBound, ((least - room) / step).rounded(.down) * step)
      let high = min(axis.limits.upperBound, ((most + room) / step).rounded(.up) * step)
      self.low = low
      self.high = max(high, low + step)
      let first = (low / step).rounded(.up)
      let count = Int(((self.high - first * step) / step + 1e-9).rounded(.down))
      marks = (0...max(0, count)).map { (first + Double($0)) * step }
      self.start = start
      self.end = end
    }

    func place(of value: Double) -> Double {
      start + (value - low) / (high - low) * (end - start)
    }

    /// 1, 2 or 5 times a power of ten: some five of them make up the span, of whole ones ten.
    static func step(_ span: Double, isWhole: Bool) -> Double {
      let least = span / (isWhole ? 10 : 5)
      var power = 1.0
      while power * 10 <= least { power *= 10 }
      while power > least { power /= 10 }
      let step = [1.0, 2, 5, 10].first { $0 * power >= least } ?? 10
      return isWhole ? max(1, (step * power).rounded()) : step * power
    }
  }
}
