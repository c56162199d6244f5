package import CompiledModel

/// Neurons of a model whose state is recorded, by population.
///
/// As text: populations divided by commas, each alone or with a neuron or a range of neurons, both
/// ends included: `hidden:0-7,hidden:12,out`. Channels of the input go by `input`.
package struct ProbeSelection: Sendable, Equatable {
  /// Chosen neurons, rising: of the input, then of each layer.
  package let neurons: [[Int]]

  /// Chooses no neuron of a model.
  package static func none(of model: CompiledModel) -> ProbeSelection {
    ProbeSelection(neurons: [[Int]](repeating: [], count: model.layers.count + 1))
  }

  private init(neurons: [[Int]]) { self.neurons = neurons }

  /// Reads a selection; throws for populations and neurons that the model does not have.
  package init(_ text: String, of model: CompiledModel) throws(ProbeSelectionError) {
    let populations = ProbedPopulation.all(of: model)
    var chosen = [Set<Int>](repeating: [], count: populations.count)
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let (index, range) = try Self.entry(part, among: populations)
      chosen[index].formUnion(range)
    }
    neurons = chosen.map { $0.sorted() }
  }

  /// Chosen neurons of a layer; nil asks for channels of the input.
  package func neurons(of layer: Int?) -> [Int] { neurons[(layer ?? -1) + 1] }

  private static func entry(
    _ part: Substring, among populations: [ProbedPopulation]
  ) throws(ProbeSelectionError) -> (population: Int, neurons: ClosedRange<Int>) {
    // A layer may itself be called `input`; then its name wins.
    func find(_ name: Substring) -> Int? {
      populations.lastIndex { $0.name == name }
    }
    if let whole = find(part), populations[whole].size > 0 {
      return (whole, 0...populations[whole].size - 1)
    }
    guard let colon = part.lastIndex(of: ":"), let index = find(part[..<colon]) else {
      throw ProbeSelectionError(
        found: String(part),
        expected: "one of " + populations.map(\.name).joined(separator: ", ")
          + ", alone or with neurons as in `\(populations.last?.name ?? "out"):0-7`")
    }
    let ends = part[part.index(after: colon)...].split(
      separator: "-", omittingEmptySubsequences: false
    ).map { Int($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
      first >= 0, first <= last, last < populations[index].size
    else {
      throw ProbeSelectionError(
        found: String(part),
        expected: "a neuron or a range of neurons between 0 and \(populations[index].size - 1)")
    }
    return (index, first...last)
  }
}

/// A part of a selection that means nothing for its model.
package struct ProbeSelectionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The part as it was given.
  package let found: String
  /// What could stand there.
  package let expected: String

  package var description: String { "no neurons `\(found)`, expected \(expected)" }
}

/// The input or a layer as a probe sees it.
package struct ProbedPopulation: Sendable, Equatable {
  /// `input`, or the layer's name.
  package let name: String
  /// Number of channels or neurons.
  package let size: Int
  /// Whether its neurons can fire.
  package let spikes: Bool

  /// Name of the input in selections and files.
  package static let inputName = "input"

  /// The input, then each layer of a model.
  package static func all(of model: CompiledModel) -> [ProbedPopulation] {
    let input = ProbedPopulation(name: inputName, size: model.inputs, spikes: true)
    return [input]
      + model.layers.map { layer in
        var spikes = true
        if case .readout = layer.neurons { spikes = false }
        return ProbedPopulation(
          name: layer.name, size: layer.size, spikes: spikes)
      }
  }
}
