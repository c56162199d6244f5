package import SpikingNetwork

extension ReplayJob {
  /// Spikes from a table with the columns `step` (from 1 on), `population` (`input` or a layer) and
  /// `neuron`, by step and then by neuron.
  package func spikes(contentsOf path: String) throws(ConfigurationError) -> [SpikeTrains] {
    let bytes = try InputFile.bytes(of: path, what: "spikes (CSV)")
    return try spikes(csv: String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// Spikes from the text of such a table; `path` names it in errors.
  package func spikes(csv text: String, path: String) throws(ConfigurationError) -> [SpikeTrains] {
    let names = [Self.input] + layers.map(\.name)
    let sizes = [inputs] + layers.map(\.neurons)
    var positions: [Substring: Int] = [:]
    for (index, name) in names.enumerated() { positions[name[...]] = index }
    var trains = [[[Int32]]](repeating: [[Int32]](repeating: [], count: steps), count: names.count)
    var isEmpty = true
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, line) in lines.enumerated() where line.contains(where: { !$0.isWhitespace }) {
      defer { isEmpty = false }
      if isEmpty, line == "step,population,neuron" { continue }
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == 3, let step = Int(fields[0]), (1...steps).contains(step),
        let population = positions[fields[1]], let neuron = Int32(fields[2]),
        (0..<sizes[population]).contains(Int(neuron)),
        neuron > trains[population][step - 1].last ?? -1
      else {
        throw ConfigurationError(
          file: "\(path):\(number + 1)", key: "", found: "`\(Self.start(of: line))`",
          expected: "a step from 1 to \(steps), one of \(names.joined(separator: ", ")) and one of "
            + "its neurons, rising within a step",
          cure: "write step,population,neuron, a line for each spike")
      }
      trains[population][step - 1].append(neuron)
    }
    guard !isEmpty else {
      throw ConfigurationError(
        file: path, key: "", found: "an empty file",
        expected: "the line step,population,neuron and a line for each spike",
        cure: "record again; a silent recording has the first line alone")
    }
    return zip(sizes, trains).map { SpikeTrains(sources: $0, steps: $1) }
  }

  /// A line may be a whole file of another kind.
  private static func start(of line: Substring) -> String {
    let start = TextTable.printable(String(line.prefix(40)))
    return line.count > 40 ? start + "..." : start
  }
}
