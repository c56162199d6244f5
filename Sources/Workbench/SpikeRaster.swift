/// A raster of one sample's spikes as a scalable picture: a mark for each spike, layers stacked.
///
/// Populations of many neurons are thinned evenly, which the picture says.
package struct SpikeRaster: Sendable {
  /// Rows of neurons that a picture has at most.
  package static let rowsMax = 4_000

  /// Pixels between the plot and what is written beside it.
  private static let gap = 10.0
  /// Pixels left free at the borders.
  private static let margin = 12.0

  /// A population's part of the picture.
  private struct Band {
    /// Its number, from the input on.
    let index: Int
    let name: String
    let size: Int
    /// The neurons that are drawn, rising.
    let rows: [Int]
    let colour: String
    let top: Double
    let height: Double
    /// Height of a neuron's row.
    let pitch: Double
  }

  private let recording: SpikeRecording
  private let sample: Int
  private let rowsMax: Int
  private let title: String

  /// The sample at a position of a recording, under a title.
  package init(
    of recording: SpikeRecording, sample: Int, title: String, rowsMax: Int = Self.rowsMax
  ) {
    precondition(
      recording.samples.indices.contains(sample),
      "sample \(sample) of \(recording.samples.count) recorded ones")
    precondition(rowsMax > 0, "a raster of \(rowsMax) rows")
    self.recording = recording
    self.sample = sample
    self.rowsMax = rowsMax
    self.title = title
  }

  /// The picture as the text of an SVG file.
  package func svg() -> String {
    let (top, bottom) = (44.0, 46.0)
    let steps = recording.stepCount
    let pitch = min(24, max(2, 760 / Double(max(1, steps))))
    let bands = bands(from: top)
    let floor = bands.last.map { $0.top + $0.height } ?? top
    // Few steps make a narrow plot, and names may be long: letters ask for their own room.
    let left = bands.reduce(150) { max($0, Self.gap + widthBefore($1) + Self.margin) }
    let end = left + pitch * Double(steps)
    let right = bands.reduce(0) { max($0, SVGDocument.width(of: count(of: $1), size: 10)) }
    let width = max(
      end + Self.gap + right + Self.margin,
      left + SVGDocument.width(of: title, size: 14, bold: true) + Self.margin)
    var picture = SVGDocument(width: width, height: floor + bottom, title: title)
    picture.letters(title, x: left, y: 24, size: 14, bold: true)
    drawAxis(&picture, left: left, top: top, floor: floor, pitch: pitch)
    for band in bands { draw(band, &picture, left: left, end: end, pitch: pitch) }
    return picture.text
  }

  /// Evenly chosen numbers below `size`, `count` of them or all.
  static func evenly(_ count: Int, of size: Int) -> [Int] {
    let count = min(count, size)
    return (0..<count).map { $0 * size / count }
  }

  /// Rows for populations of these sizes, `rows` at most: the large ones give up theirs first.
  static func shares(of rows: Int, among sizes: [Int]) -> [Int] {
    var shares = sizes
    var left = rows
    for (place, index) in sizes.indices.sorted(by: { sizes[$0] < sizes[$1] }).enumerated() {
      shares[index] = min(sizes[index], left / (sizes.count - place))
      left -= shares[index]
    }
    return shares
  }

  private func bands(from top: Double) -> [Band] {
    let shown = recording.populations.indices.filter { recording.populations[$0].spikes }
    let counts = Self.shares(of: rowsMax, among: shown.map { recording.populations[$0].size })
    var bands: [Band] = []
    var place = top
    for (index, count) in zip(shown, counts) {
      let population = recording.populations[index]
      let height = min(280, max(40, 5 * Double(count)))
      bands.append(
        Band(
          index: index, name: population.name, size: population.size,
          rows: Self.evenly(count, of: population.size),
          colour: SVGDocument.colours[index % SVGDocument.colours.count], top: place,
          height: height, pitch: height / Double(max(1, count))))
      place += height + 14
    }
    return bands
  }

  /// How many neurons a population has, or are drawn of it.
  private func size(of band: Band) -> String {
    guard band.rows.count == band.size else { return "\(band.rows.count) of \(band.size) drawn" }
    return "\(band.size) \(band.index == 0 ? "channels" : "neurons")"
  }

  private func count(of band: Band) -> String {
    let steps = recording.samples[sample].steps[band.index]
    return "\(steps.reduce(0) { $0 + $1.count }) spikes"
  }

  /// Room that the letters before a population need.
  private func widthBefore(_ band: Band) -> Double {
    max(
      SVGDocument.width(of: band.name, size: 12, bold: true),
      SVGDocument.width(of: size(of: band), size: 10))
  }

  private func draw(
    _ band: Band, _ picture: inout SVGDocument, left: Double, end: Double, pitch: Double
  ) {
    let steps = recording.samples[sample].steps[band.index]
    var rowOf = [Int](repeating: -1, count: band.size)
    for (row, neuron) in band.rows.enumerated() { rowOf[neuron] = row }
    // Marks of neighbours may overlap: a faint dot for each would not be seen.
    let length = max(1.6, min(7, band.pitch * 0.8))
    var marks: [(x: Double, y: Double)] = []
    for (step, spikes) in steps.enumerated() {
      for spike in spikes where rowOf[Int(spike)] >= 0 {
        marks.append(
          (
            left + (Double(step) + 0.5) * pitch,
            band.top + (Double(rowOf[Int(spike)]) + 0.5) * band.pitch - length / 2
          ))
      }
    }
    let middle = band.top + band.height / 2
    picture.line(from: (left, band.top), to: (left, band.top + band.height), opacity: 0.6)
    picture.line(
      from: (left, band.top + band.height), to: (end, band.top + band.height), opacity: 0.25)
    picture.letters(
      band.name, x: left - Self.gap, y: middle - 4, anchor: "end", bold: true, colour: band.colour)
    picture.letters(size(of: band), x: left - Self.gap, y: middle + 10, anchor: "end", size: 10)
    picture.letters(count(of: band), x: end + Self.gap, y: middle + 4, size: 10)
    picture.strokes(
      marks, length: length, width: max(1, min(2.2, pitch * 0.35)), colour: band.colour)
  }

  private func drawAxis(
    _ picture: inout SVGDocument, left: Double, top: Double, floor: Double, pitch: Double
  ) {
    let steps = recording.stepCount
    let distance = Self.tickDistance(steps, room: pitch * Double(steps))
    for step in stride(from: 0, to: steps, by: distance) {
      let x = left + (Double(step) + 0.5) * pitch
      picture.line(from: (x, top), to: (x, floor), opacity: 0.12)
      picture.line(from: (x, floor), to: (x, floor + 5))
      picture.letters("\(step)", x: x, y: floor + 17, anchor: "middle", size: 10)
    }
    picture.letters(
      "logical step", x: left + pitch * Double(steps) / 2, y: floor + 36, anchor: "middle",
      size: 11)
  }

  /// Steps between ticks: 1, 2 or 5 times a power of ten, labels some 36 pixels apart.
  static func tickDistance(_ steps: Int, room: Double) -> Int {
    let least = Double(steps) * 36 / max(1, room)
    var power = 1
    while true {
      for factor in [1, 2, 5] where Double(factor * power) >= least { return factor * power }
      power *= 10
    }
  }
}
