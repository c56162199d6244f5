package import CompiledModel
package import NetworkCompiler
import NetworkTraining
package import SpikingNetwork

/// A compilation that rests on spikes that were measured, and what the chip makes of it.
///
/// First the network is compiled for assumed rates and shown calibration samples on the chip. Then
/// it is compiled again for the rates that this measured: they decide the placement, and weigh what
/// rounding does to the weights of each source. The second model is shown the samples as well; what
/// that shows to be broken is refused. At last it is compared with the network in floating point.
package struct CalibratedCompilation: Sendable {
  /// The compilation, for the measured rates where there are any.
  package let compilation: Compilation
  /// The chip that it was compiled for.
  package let chip: Chip
  /// Name of the population that feeds the others.
  package let inputName: String
  /// The spikes that it was made for, by population; nil where they were assumed.
  package let rates: SpikeRates?
  /// What the chip did; nil without samples.
  package let run: Run?

  /// Samples to calibrate with, and others to judge by.
  package struct Samples: Sendable {
    /// Shown to measure rates; at least one.
    package var calibration: LabelledSamples
    /// Shown to judge; nil judges by the calibration samples.
    package var test: LabelledSamples?

    /// Calibrates with some samples and judges by others, or by the same.
    package init(calibration: LabelledSamples, test: LabelledSamples? = nil) {
      self.calibration = calibration
      self.test = test
    }

    /// How many samples to judge by are calibrated with: the same id, class and intensities, so
    /// the same input spikes.
    package var shared: Int {
      guard let test else { return 0 }
      var places: [UInt64: [Int]] = [:]
      for (place, id) in calibration.ids.enumerated() { places[id, default: []].append(place) }
      return (0..<test.count).count { position in
        (places[test.ids[position]] ?? []).contains { calibration[$0] == test[position] }
      }
    }
  }

  /// What the chip did with samples.
  package struct Run: Sendable {
    /// Samples that rates were measured on.
    package let calibrationSamples: Int
    /// Whether the chip was judged by other samples than these.
    package let isHeldOut: Bool
    /// What it did with those it was judged by, activity and comparison included.
    package let evaluation: ParallelEvaluation
  }

  /// Compiles a network, and with samples calibrates and judges it; these must fit the network.
  ///
  /// Throws all broken rules of a pass at once, those that only data shows included. The number of
  /// threads changes nothing but the time.
  package static func compile(
    _ network: SpikingNetwork, for chip: Chip, options: CompilerOptions = CompilerOptions(),
    samples: Samples? = nil, threads: Int = 1
  ) throws(CompileError) -> CalibratedCompilation {
    let first = try NetworkCompiler.compile(network, for: chip, options: options)
    guard let samples else {
      return CalibratedCompilation(
        compilation: first, chip: chip, inputName: network.inputName, rates: options.rates,
        run: nil)
    }
    let reference: NetworkSimulator
    do { reference = try NetworkSimulator(network) } catch { throw .network(error) }
    func show(_ model: CompiledModel, _ shown: LabelledSamples, compares: Bool)
      -> ParallelEvaluation
    {
      ParallelEvaluation.run(
        model, on: shown, threads: threads,
        observing: .init(activity: true, reference: compares ? reference : nil))
    }
    var measured = options
    measured.rates = SpikeRates(
      of: show(first.model, samples.calibration, compares: false), network: network,
      model: first.model)
    let second = try NetworkCompiler.compile(network, for: chip, options: measured)
    let calibrated = show(second.model, samples.calibration, compares: samples.test == nil)
    try second.check(calibrated)
    let evaluation = samples.test.map { show(second.model, $0, compares: true) } ?? calibrated
    return CalibratedCompilation(
      compilation: second, chip: chip, inputName: network.inputName, rates: measured.rates,
      run: Run(
        calibrationSamples: calibrated.samples, isHeldOut: samples.test != nil,
        evaluation: evaluation))
  }
}

extension Compilation {
  /// Throws all rules that a run on calibration samples shows to be broken.
  fileprivate func check(_ run: ParallelEvaluation) throws(CompileError) {
    let activity = zip(run.layerSpikes, run.layerSaturations).map {
      LayerActivity(spikes: UInt64($0), saturations: $1)
    }
    let violations = dataViolations(activity, samples: run.samples)
    guard violations.isEmpty else {
      throw .rules(network: model.name, chip: model.chip, violations)
    }
  }
}

extension SpikingNetwork {
  /// Name of the population whose spikes come from the encoder.
  fileprivate var inputName: String {
    populations.first { $0.model == .input }?.name ?? "input"
  }
}

extension SpikeRates {
  /// Means of a run whose activity was observed.
  init(of run: ParallelEvaluation, network: SpikingNetwork, model: CompiledModel) {
    guard let activity = run.activity else {
      preconditionFailure("rates of a run without counts of activity")
    }
    let count = Float(max(1, run.samples))
    var spikes: [String: [Float]] = [:]
    for (name, sums) in zip([network.inputName] + model.layers.map(\.name), activity.spikes) {
      spikes[name] = sums.map { Float($0) / count }
    }
    self.init(spikes: spikes)
  }
}
