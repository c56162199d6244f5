package import Federation
package import SpikingNetwork

/// What poisoned nodes of a study do; each keeps to the protocol and to every bound at the door.
package enum StudyAttack: Sendable, Equatable, CustomStringConvertible {
  /// They send the opposite of what they learnt, so many times over.
  case signFlip(scale: Double)
  /// They learn that what shows class c of C shows class C - 1 - c.
  case labelFlip

  /// The forms in which a person writes an attack.
  package static let forms = "sign-flip, sign-flip:SCALE or label-flip"
  /// Scales of an attack.
  package static let scaleRange = 0.001...1_000.0

  /// Reads one of `forms`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("sign-flip", 1): self = .signFlip(scale: 1)
    case ("sign-flip", 2):
      guard let scale = Double(parts[1]), Self.scaleRange.contains(scale) else { return nil }
      self = .signFlip(scale: scale)
    case ("label-flip", 1): self = .labelFlip
    default: return nil
    }
  }

  package var description: String {
    switch self {
    case .signFlip(let scale): "sign-flip:\(scale)"
    case .labelFlip: "label-flip"
    }
  }

  /// What a poisoned node learns from.
  package func poisoned(_ samples: LabelledSamples, classes: Int) -> LabelledSamples {
    guard self == .labelFlip else { return samples }
    return LabelledSamples(
      channels: samples.channels, intensities: samples.intensities,
      labels: samples.labels.map { UInt8(clamping: classes - 1 - Int($0)) }, ids: samples.ids)
  }

  /// What a poisoned node sends in place of an update, before it is compressed.
  package func poisoned(_ update: ModelUpdate) throws(UpdateError) -> ModelUpdate {
    guard case .signFlip(let scale) = self else { return update }
    let limit = Double(FederatedAverage.deltaMax)
    var poisoned = update
    for (place, layer) in update.layers.enumerated() {
      poisoned.layers[place] = LayerDelta(
        layer: layer.layer, exponent: layer.exponent,
        deltas: try layer.integerDeltas().map { delta in
          Int32(min(max((-scale * Double(delta)).rounded(), -limit), limit))
        })
    }
    return poisoned
  }
}
