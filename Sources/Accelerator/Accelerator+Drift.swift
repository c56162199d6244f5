import CKernels
package import CompiledModel

/// Weights that learn stay near to those that were deployed.
extension Accelerator {
  /// Lets no weight end a sample further than `drift` from the loaded model's; nil lifts the limit.
  ///
  /// What lies beyond is cut at the end of the sample that took it there, to the last whole step
  /// of learning weights within.
  ///
  /// `origin` is a model of the same structure with the weights from which they drift; nil for the
  /// weights that were loaded.
  package mutating func limitDrift(to drift: Int32?, from origin: CompiledModel? = nil) {
    precondition(drift.map { $0 >= 0 } ?? true, "a drift of \(drift ?? 0)")
    driftMax = drift.map { min($0, 32767) }
    deployed =
      drift == nil
      ? []
      : plan.plastic.indices.map { place in
        let plastic = plan.plastic[place].pointee
        let model = origin ?? plan.model
        guard case .plastic(let weights, _, _) = model[plastic.index].weights else { return [] }
        return PlasticPlan.rows(
          weights, targets: plastic.targets, stride: plastic.stride, plastic.bounds)
      }
  }

  /// Whether learning needs a label for each sample.
  package var needsLabels: Bool { plan.errors != nil }

  /// The end of a sample that was learnt.
  mutating func cutDrift() {
    guard let driftMax else { return }
    for place in plan.plastic.indices {
      let step = plan.model.weightStep(of: plan.plastic[place].pointee.index)
      cutDrift(plan.plastic[place], deployed[place], driftMax / step * step)
    }
  }

  private mutating func cutDrift(
    _ place: UnsafePointer<PlasticPlan>, _ deployed: [Int16], _ drift: Int32
  ) {
    let plastic = place.pointee
    let learning = lasting[plastic.learning]
    for source in 0..<plastic.sources {
      let row = source * plastic.stride
      let strays = deployed.withUnsafeBufferPointer { deployed in
        guard let first = deployed.baseAddress else { return false }
        return kernels.table.pointee.strays(
          learning + row, first + row, Int32(plastic.stride), drift) != 0
      }
      guard strays else { continue }
      for target in 0..<plastic.targets {
        let (weight, origin) = (Int32(learning[row + target]), Int32(deployed[row + target]))
        let kept = max(origin - drift, min(origin + drift, weight))
        guard kept != weight else { continue }
        learning[row + target] = Int16(truncatingIfNeeded: kept)
        if let view = plastic.view {
          lasting[view][row + target] = ChipArithmetic.inferenceWeight(Int16(kept))
        }
        saturations += 1
        work(.weightWrite, 1, core: core(of: target, plastic.index.layer), step: chipSteps - 1)
        guard let mirror = plastic.mirror else { continue }
        let holder = plan.takers[mirror].pointee.layer
        work(.weightWrite, 1, core: core(of: source, holder), step: chipSteps - 1)
      }
    }
  }

  /// The core that holds a neuron.
  func core(of neuron: Int, _ layer: Int) -> Int {
    let layer = plan.layers[layer]
    var place = 0
    while !neurons(layer, place).contains(neuron) { place += 1 }
    return layer.pointee.firstCore + place
  }
}
