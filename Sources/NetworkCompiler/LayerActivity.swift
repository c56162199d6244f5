import CompiledModel

/// What a run on calibration data counted of one layer.
package struct LayerActivity: Sendable, Equatable {
  /// Spikes of all its neurons over all samples.
  package var spikes: UInt64
  /// Potentials, currents and rises that met the end of their range.
  package var saturations: UInt64

  /// Counts of one layer.
  package init(spikes: UInt64, saturations: UInt64) {
    self.spikes = spikes
    self.saturations = saturations
  }
}

extension Compilation {
  /// Share of its neurons' steps in which a layer that works may spike.
  package static let spikeShareMax = 0.95
  /// Share of its neurons' steps in which a layer that works may meet the end of a range.
  package static let saturationShareMax = 0.05

  /// Rules that only data can show to be broken: layers that never spike or hardly ever rest, and
  /// layers that are driven into the end of their range.
  ///
  /// `activity` has one entry for each layer, counted over `samples` samples.
  package func dataViolations(_ activity: [LayerActivity], samples: Int) -> [DesignViolation] {
    precondition(
      activity.count == model.layers.count,
      "\(activity.count) counts for \(model.layers.count) layers")
    var violations: [DesignViolation] = []
    for (layer, counts) in zip(model.layers, activity) {
      let steps = Double(layer.size) * Double(model.steps) * Double(samples)
      let saturated = Double(counts.saturations) / max(1, steps)
      var isSpiking = false
      if case .spiking = layer.neurons { isSpiking = true }
      let share = Double(counts.spikes) / max(1, steps)
      if isSpiking, samples > 0, counts.spikes == 0 {
        violations.append(
          DesignViolation(
            layer: layer.name, rule: .deadLayer, limit: "at least one spike",
            need: "none in \(samples) samples",
            cure: "raise its weights, lower its threshold, or train again with a spike rate"))
      }
      if isSpiking, share > Self.spikeShareMax {
        violations.append(
          DesignViolation(
            layer: layer.name, rule: .saturatingLayer,
            limit: "\(ShortNumber.percent(Self.spikeShareMax)) of the steps of its neurons",
            need: "spikes in \(ShortNumber.percent(share, .up))",
            cure: "lower its weights, raise its threshold, or reset it harder"))
      }
      if saturated > Self.saturationShareMax {
        violations.append(
          DesignViolation(
            layer: layer.name, rule: .saturatingLayer,
            limit: "\(ShortNumber.percent(Self.saturationShareMax)) of the steps of its neurons",
            need: "ends of a range in \(ShortNumber.percent(saturated, .up))",
            cure: "scale its weights and threshold down, or use a chip with wider potentials"))
      }
    }
    return violations
  }
}
