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
    for text in ["input", "features", "hidden", "32 neurons", "logical step", "a sample"] {
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
