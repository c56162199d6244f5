import Accelerator
package import CompiledModel
package import SpikingNetwork

/// What an inference of a model is going to take, before a node runs it.
package enum EnergyForecast {
  /// Samples that are shown.
  static let samplesMax = 64

  /// Nanojoules an inference on these samples, by the model's own price table; nil where there is
  /// no sample or they are of another sensor.
  package static func nanojoulesPerInference(
    of model: CompiledModel, on samples: LabelledSamples
  ) -> UInt64? {
    let count = min(samplesMax, samples.count)
    guard count > 0, samples.channels == model.sampleSize else { return nil }
    var chip = Accelerator(model)
    for index in 0..<count {
      let sample = samples[index]
      _ = chip.infer(sample.intensities, sample: sample.id)
    }
    return max(1, model.prices.nanojoules(of: chip.inferenceCounts) / UInt64(count))
  }
}
