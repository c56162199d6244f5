import Foundation
import Testing
import Workbench

/// Plots as text of SVG files.
@Suite struct LinePlotTests {
  private func plot(_ points: [LinePlot.Point]) -> String {
    LinePlot(
      title: "job: accuracy <by> round", note: "note",
      horizontal: LinePlot.Axis("round", isWhole: true) { "r\(Int($0))" },
      vertical: LinePlot.Axis("accuracy", limits: 0...100) { "\(Int($0)) %" }, points: points
    ).svg()
  }

  @Test func `points that were not taken are rings beside the line`() {
    let text = plot([
      .init(x: 1, y: 60, hint: "first"), .init(x: 2, y: 20, hint: "no", isOnLine: false),
      .init(x: 3, y: 90, hint: "last"),
    ])
    #expect(text.hasPrefix("<svg ") && text.hasSuffix("</svg>\n"))
    #expect(text.components(separatedBy: "<circle").count == 4)
    #expect(text.components(separatedBy: "fill=\"none\" stroke=\"#d0524f\"").count == 2)
    #expect(text.contains("<title>no</title>") && text.contains("&lt;by&gt;"))
    for mark in ["r1", "r2", "r3"] {
      let isThere = text.contains(">\(mark)</text>")
      #expect(isThere, "\(mark)")
    }
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  @Test(arguments: [[], [50.0], [0, 0], [100, 100], [99.9, 100], [0, 100]])
  func `whatever the values are, the axis keeps to its limits`(values: [Double]) throws {
    let text = plot(
      values.enumerated().map { .init(x: Double($0.offset + 1), y: $0.element, hint: "") })
    #expect(!text.contains("nan") && !text.contains("inf"))
    let marks = text.matches(of: #/>(-?[0-9]+) %</text>/#).compactMap { Int($0.1) }
    #expect(marks.count >= 1 && marks == marks.sorted())
    #expect(marks.allSatisfy { (0...100).contains($0) }, "\(marks)")
    #expect(text.contains("no figures yet") == values.isEmpty)
    for circle in text.matches(of: #/cy="([0-9.]+)"/#) {
      let y = try #require(Double(String(circle.1)))
      #expect((79.9...340.1).contains(y), "\(y)")
    }
  }

  @Test func `small energies have marks of their own`() {
    let text = LinePlot(
      title: "t", note: "n",
      horizontal: LinePlot.Axis("energy") { Figure.joules($0) },
      vertical: LinePlot.Axis("accuracy", limits: 0...100) { Figure.fixed($0, 0) },
      points: [.init(x: 1.2e-6, y: 40, hint: ""), .init(x: 9.7e-6, y: 80, hint: "")]
    ).svg()
    #expect(text.contains("4.00 uJ") && text.contains("10.0 uJ"))
  }
}
