/// What the chip made of one sample.
package struct Inference: Sendable, Equatable {
  /// The class with the largest score, ties to the lowest index.
  package let label: Int
  /// By class: the readout's potential summed over the steps; without a readout, spikes.
  package let scores: [Int64]
  /// Spikes of the input.
  package let inputSpikes: Int
  /// Spikes of each layer, 0 for a readout.
  package let layerSpikes: [Int]

  /// Judges the scores.
  package init(scores: [Int64], inputSpikes: Int, layerSpikes: [Int]) {
    self.scores = scores
    self.inputSpikes = inputSpikes
    self.layerSpikes = layerSpikes
    var best = 0
    for (index, score) in scores.enumerated() where score > scores[best] { best = index }
    label = best
  }

  /// The label's score.
  package var score: Int64 { scores.isEmpty ? 0 : scores[label] }

  /// By how much the label's score exceeds the next best one; 0 with a single class.
  package var margin: Int64 {
    var next: Int64?
    for (index, score) in scores.enumerated() where index != label {
      next = max(next ?? score, score)
    }
    return score - (next ?? score)
  }

  /// Spikes of all layers together.
  package var hiddenSpikes: Int { layerSpikes.reduce(0, +) }
}
