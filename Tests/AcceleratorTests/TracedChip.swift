import Accelerator
import CompiledModel
import SpikingNetwork

/// A simulator of the chip whose runs can be written down and compared as text.
protocol TracedChip {
  init(_ model: CompiledModel)
  mutating func infer(_ intensities: [UInt8], sample: UInt64) -> Inference
  mutating func infer(_ input: SpikeTrains) -> Inference
  mutating func learn(
    _ intensities: [UInt8], sample: UInt64, label: Int?, reward: Int32?, seed: UInt64,
    ordinal: UInt64
  ) -> Inference
  mutating func assign(_ intensities: [UInt8], sample: UInt64, label: Int) -> Inference

  var inferenceCounts: [UInt64] { get }
  var learningCounts: [UInt64] { get }
  var coreCounts: [[UInt64]] { get }
  var inferencePicoseconds: UInt64 { get }
  var learningPicoseconds: UInt64 { get }
  var saturations: UInt64 { get }
  var learnedState: [[Int16]] { get }
  func potentials(layer: Int) -> [Int32]

  /// The steps of the last sample, empty where the simulator does not keep them.
  var steps: [ReferenceRecord] { get }
  /// Keeps steps from now on, if the simulator can.
  mutating func keepSteps()
}

extension TracedChip {
  var steps: [ReferenceRecord] { [] }
  mutating func keepSteps() {}
}

extension ReferenceAccelerator: TracedChip {
  var steps: [ReferenceRecord] { record }
  mutating func keepSteps() { isRecording = true }
}
