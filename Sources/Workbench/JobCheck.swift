package import CompiledModel
import Federation
package import FleetCore

/// Holds a job against the model that it is to grow, before it begins.
package enum JobCheck {
  /// What does not go together, by a stable code.
  package struct Refusal: Error, Sendable, Equatable {
    /// Stable code.
    package let code: String
    /// What was found, and what to do.
    package let detail: String
  }

  /// How the job's rounds merge each layer; throws where parts of the job do not fit.
  package static func plan(
    _ job: JobSpecification, of model: CompiledModel
  ) throws(Refusal) -> MergePlan {
    let plan: MergePlan
    let size: CohortSize
    do throws(AggregationError) {
      plan = try MergePlan(model, job.merge)
    } catch {
      throw Refusal(code: error.code, detail: "\(error)")
    }
    do throws(SelectionError) {
      // More reports than there can be are refused where the job is started, by name.
      let target = max(1, job.cohort.target ?? job.nodes.count)
      size = try CohortSize(
        target: target, quorum: min(max(1, job.minimumReports), target),
        askedPerMille: job.cohort.askedPerMille)
    } catch {
      throw Refusal(code: error.code, detail: "\(error)")
    }
    if job.strategy.name == .qFedAvg, MeasuredLoss(of: model) == nil {
      throw Refusal(
        code: "strategy-loss",
        detail: "qfedavg weighs nodes by the loss that their rule follows; `\(model.name)` has no "
          + "readout with potentials to measure one by: choose another strategy or such a model")
    }
    let settings = RoundSettings(
      strategy: StrategyTraits(
        name: job.strategy.name.rawValue, weighting: job.strategy.traitsWeighting,
        needsSingleUpdates: job.strategy.needsSingleUpdates || plan.looksAtSingleUpdates,
        movesNeurons: plan.movesNeurons, keepsNodeState: !job.localLayers.isEmpty),
      compression: job.compression, feedsResidualBack: job.compression != .dense,
      isPrivate: job.privacy != nil, selection: job.cohort.rule, size: size,
      sealsAtTarget: job.cohort.target != nil)
    if let conflict = settings.conflicts.first {
      throw Refusal(code: conflict.code, detail: "\(conflict)")
    }
    return plan
  }
}

extension Strategy {
  /// What an update counts for in the sum.
  fileprivate var traitsWeighting: StrategyTraits.Weighting {
    if name == .qFedAvg { return .other }
    return weighting == .uniform ? .equal : .samples
  }
}
