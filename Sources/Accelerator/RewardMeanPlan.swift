import CompiledModel

/// The running mean of rewards of a layer's rules.
struct RewardMeanPlan: Sendable {
  let layer: Int
  let rate: Int32
  /// One value.
  let mean: Block<Int16>

  static func plans(_ model: CompiledModel, _ builder: inout PlanBuilder) -> [RewardMeanPlan] {
    var plans: [RewardMeanPlan] = []
    for (index, layer) in model.layers.enumerated() {
      guard let mean = layer.rewardMean else { continue }
      plans.append(
        RewardMeanPlan(
          layer: index, rate: mean.rate, mean: builder.variable([mean.mean], count: 1)))
    }
    return plans
  }
}

extension Accelerator {
  /// A reward as rules of a layer see it: less the running mean, where there is one; 0 without.
  func seen(_ reward: Int32?, by layer: Int) -> Int32 {
    guard let reward else { return 0 }
    for plan in plan.rewardMeans where plan.layer == layer {
      return RewardMean(rate: plan.rate, mean: lasting[plan.mean][0]).seen(reward)
    }
    return reward
  }

  /// Takes running means nearer to the sample's reward.
  mutating func followRewards(_ reward: Int32?) {
    guard let reward else { return }
    for place in plan.rewardMeans {
      let mean = Int64(lasting[place.mean][0])
      let distance = Int64(reward) << Int64(RewardMean.shift) - mean
      let next = mean + (distance * Int64(place.rate) + 1 << 15) >> 16
      let bounds = RewardMean.bounds
      lasting[place.mean][0] = Int16(
        max(Int64(bounds.lowerBound), min(Int64(bounds.upperBound), next)))
      for core in plan.model.coreRange(of: place.layer) {
        work(.traceUpdate, 1, core: core, step: chipSteps - 1)
      }
    }
  }
}
