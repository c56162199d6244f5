import Accelerator
import CompiledModel
import Foundation
import Testing
import Workbench

@Suite struct SpikeRasterTests {
  private func recording(of model: CompiledModel) -> SpikeRecording {
    let run = ParallelEvaluation.run(
      model, on: ProbedModel.samples(1), observing: .init(recording: .none(of: model)))
    return run.recording ?? SpikeRecording(of: model)
  }

  private func marks(_ svg: String) -> Int {
    svg.split(separator: "\n").filter { $0.contains("stroke-width") }
      .reduce(0) { $0 + $1.count { $0 == "v" } }
  }

  @Test func `each spike of input and layers has one mark`() {
    let recording = recording(of: ProbedModel.model)
    let svg = SpikeRaster(of: recording, sample: 0, title: "a sample").svg()
    let spikes = recording.samples[0].steps.flatMap { $0 }.reduce(0) { $0 + $1.count }
    #expect(marks(svg) == spikes && spikes > 50)
    for text in [
      "input", "features", "hidden", "16 channels", "32 neurons", "logical step", "a sample",
    ] {
      #expect(svg.contains(">\(text)<"))
    }
    #expect(!svg.contains(">out<"))
    #expect(!svg.contains("drawn<"))
  }

  @Test func `large populations are thinned evenly, and the picture says so`() {
    let recording = recording(of: ProbedModel.model)
    let svg = SpikeRaster(of: recording, sample: 0, title: "a sample", rowsMax: 10).svg()
    #expect(svg.contains(">4 of 32 drawn<") && svg.contains(">3 of 6 drawn<"))
    let kept: [Set<Int>] = [[0, 5, 10], [0, 8, 16, 24], [0, 2, 4]]
    let expected = zip(kept, recording.samples[0].steps).reduce(0) { sum, population in
      sum + population.1.flatMap { $0 }.count { population.0.contains(Int($0)) }
    }
    #expect(marks(svg) == expected)
  }

  @Test(arguments: [1, 3, 12, 400], ["", "-of-a-population-with-a-name-of-sixty-three-letters"])
  func `title and labels lie within the picture`(steps: Int, ending: String) throws {
    var model = ProbedModel.model
    model.steps = steps
    model.layers[0].name += ending
    var recording = SpikeRecording(of: model)
    recording.begin(1)
    let title = "digits-recurrent, sample 1234 of class 7, not recognised"
    let svg = SpikeRaster(of: recording, sample: 0, title: title).svg()
    let lines = svg.split(separator: "\n").map(String.init)
    func number(_ key: String, _ line: String) throws -> Double {
      let start = try #require(line.range(of: " \(key)=\"")).upperBound
      return try #require(Double(line[start...].prefix { $0 != "\"" }))
    }
    let (width, height) = (try number("width", lines[0]), try number("height", lines[0]))
    let letters = lines.filter { $0.hasPrefix("<text") }
    #expect(letters.count { $0.contains(">\(title)<") } == 1)
    for line in letters {
      let (x, y) = (try number("x", line), try number("y", line))
      let count = try #require(line.split(separator: ">").dropFirst().first).count - "</text".count
      // A mean letter takes some 0.55 of its height, a bold one 0.6.
      let room =
        Double(count) * (try number("font-size", line)) * (line.contains("weight") ? 0.6 : 0.55)
      let start =
        line.contains("\"end\"") ? x - room : line.contains("\"middle\"") ? x - room / 2 : x
      #expect(start >= 0 && start + room <= width, "\(line) of \(width)")
      #expect(y > 0 && y < height)
    }
  }

  @Test func `the picture is well-formed even with names of markup`() throws {
    var model = ProbedModel.model
    model.layers[0].name = "<a & \"b\">"
    var named = SpikeRecording(of: model)
    named.begin(1)
    let svg = SpikeRaster(of: named, sample: 0, title: "x < y").svg()
    #expect(svg.contains("&lt;a &amp; &quot;b&quot;&gt;"))
    #expect(MarkupBalance.holds(svg))
  }
}

/// Whether the elements of a text of markup are nested and all closed.
enum MarkupBalance {
  static func holds(_ text: String) -> Bool {
    var open: [Substring] = []
    for part in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
      guard let end = part.firstIndex(of: ">") else { return false }
      let tag = part[..<end]
      guard !part[part.index(after: end)...].contains(">") else { return false }
      if tag.hasSuffix("/") { continue }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { return false }
      } else {
        open.append(tag.prefix { $0 != " " })
      }
    }
    return open.isEmpty
  }
}
