import ArgumentParser
import Federation
import FleetCore
import Workbench

extension JobFile {
  /// Takes what flags say of the strategy, over what the file says of the same one.
  mutating func choose(
    _ flag: Strategy.Name?, parameters: [StrategySetting], weighting: Weighting?
  ) throws {
    guard flag != nil || weighting != nil || !parameters.isEmpty else { return }
    let name = flag ?? strategy?.name ?? .fedAvg
    let same = strategy?.name == name ? strategy : nil
    var values = same?.values ?? [:]
    for setting in parameters { values[setting.name] = setting.value }
    do throws(AggregationError) {
      strategy = try Strategy(name, values, weighting: weighting ?? same?.weighting)
    } catch {
      throw ValidationError("--strategy \(name.rawValue): \(error)")
    }
  }

  /// How many of the nodes each round asks, and which, as flags and file say.
  func cohortTerms() throws -> CohortTerms {
    let factor = overSelection ?? 1
    guard (1...100).contains(factor) else {
      throw ValidationError("--over-selection: found \(factor), expected 1 to 100")
    }
    let charge = leastCharge ?? 0
    guard (0...100).contains(charge) else {
      throw ValidationError("--least-charge: found \(charge), expected 0 to 100")
    }
    return CohortTerms(
      rule: selection ?? .uniform, target: targetReports,
      askedPerMille: Int((factor * 1_000).rounded()),
      leastChargePerMille: UInt32((charge * 10).rounded()))
  }
}
