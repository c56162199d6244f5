import Foundation

/// Text of a scalable picture that is readable on light and on dark pages.
///
/// There is no background; lines and letters have grey tones in the middle, fonts are the reader's.
struct SVGDocument {
  /// Tone of letters.
  static let ink = "#7b8490"
  /// Tone of lines that only guide the eye.
  static let faint = "#8b949e"
  /// Colours of populations, in turn; of middle lightness.
  static let colours = [
    "#8a8f98", "#3b82d0", "#e07b39", "#2f9e6e", "#b3589a", "#c2a02e", "#6f6ad6", "#d0524f",
    "#2a9bb0",
  ]

  private var body = ""
  private let width: Double
  private let height: Double
  private let title: String

  /// An empty picture of a size in pixels; `title` is what a screen reader says.
  init(width: Double, height: Double, title: String) {
    self.width = width
    self.height = height
    self.title = title
  }

  /// The whole file.
  var text: String {
    let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    let view = "viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\""
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) \(view) role=\"img\" "
      + "font-family=\"ui-sans-serif, system-ui, sans-serif\" font-size=\"12\">\n"
      + "<title>\(Self.escaped(title))</title>\n" + body + "</svg>\n"
  }

  /// Letters whose base line is at y.
  mutating func letters(
    _ text: String, x: Double, y: Double, anchor: String = "start", size: Double = 12,
    bold: Bool = false, colour: String = Self.ink
  ) {
    let weight = bold ? " font-weight=\"600\"" : ""
    let place = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\""
    body += "<text \(place) fill=\"\(colour)\" text-anchor=\"\(anchor)\" "
    body += "font-size=\"\(Self.number(size))\"\(weight)>\(Self.escaped(text))</text>\n"
  }

  /// Pixels that letters take at most in the usual fonts without serifs.
  ///
  /// Which one the reader has is not known.
  static func width(of text: String, size: Double, bold: Bool = false) -> Double {
    let wide = Set("mwMW@%"), narrow = Set("fijlrt.,:;'|!()[] ")
    let ems = text.reduce(0.0) { sum, letter in
      sum + (!letter.isASCII || wide.contains(letter) ? 1 : narrow.contains(letter) ? 0.42 : 0.66)
    }
    return ems * size * (bold ? 1.1 : 1)
  }

  /// A straight line.
  mutating func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), opacity: Double = 1
  ) {
    body += "<path d=\"M\(Self.number(start.x)) \(Self.number(start.y))"
    body += "L\(Self.number(end.x)) \(Self.number(end.y))\" stroke=\"\(Self.faint)\" "
    body += "stroke-opacity=\"\(Self.number(opacity))\"/>\n"
  }

  /// A line through points, in their order.
  mutating func path(_ points: [(x: Double, y: Double)], width: Double, colour: String) {
    guard points.count > 1 else { return }
    let steps = points.map { "\(Self.number($0.x)) \(Self.number($0.y))" }
    body += "<path stroke=\"\(colour)\" stroke-width=\"\(Self.number(width))\" fill=\"none\" "
    body += "stroke-linejoin=\"round\" d=\"M\(steps.joined(separator: "L"))\"/>\n"
  }

  /// A dot, filled or as a ring; `hint` appears under the pointer.
  mutating func dot(
    x: Double, y: Double, radius: Double, colour: String, isRing: Bool = false, hint: String
  ) {
    body += "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" "
    body += "r=\"\(Self.number(radius))\" fill=\"\(isRing ? "none" : colour)\" "
    body += "stroke=\"\(colour)\" stroke-width=\"1.5\"><title>\(Self.escaped(hint))</title>"
    body += "</circle>\n"
  }

  /// Upright strokes of one length, each from its top.
  mutating func strokes(
    _ tops: [(x: Double, y: Double)], length: Double, width: Double, colour: String
  ) {
    guard !tops.isEmpty else { return }
    let path = tops.map { "M\(Self.number($0.x)) \(Self.number($0.y))v\(Self.number(length))" }
    body += "<path stroke=\"\(colour)\" stroke-width=\"\(Self.number(width))\" fill=\"none\" "
    body += "d=\"\(path.joined())\"/>\n"
  }

  /// A filled rectangle; `hint` appears under the pointer.
  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String, stroke: String = "none",
    radius: Double = 0, hint: String? = nil
  ) {
    body += "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" "
    body += "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\" "
    body += "rx=\"\(Self.number(radius))\" fill=\"\(fill)\" stroke=\"\(stroke)\""
    body += hint.map { "><title>\(Self.escaped($0))</title></rect>\n" } ?? "/>\n"
  }

  /// A number without needless digits, the same in every locale.
  static func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let (whole, part) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
    var text = (hundredths < 0 ? "-" : "") + "\(whole)"
    if part > 0 {
      text += "." + (part < 10 ? "0" : "") + "\(part % 10 == 0 ? part / 10 : part)"
    }
    return text
  }

  /// Text that stands for itself in a file of markup.
  static func escaped(_ text: String) -> String {
    TextTable.printable(text).replacingOccurrences(of: "&", with: "&amp;")
      .replacingOccurrences(of: "<", with: "&lt;").replacingOccurrences(of: ">", with: "&gt;")
      .replacingOccurrences(of: "\"", with: "&quot;")
  }
}
