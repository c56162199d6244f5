import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore

/// The rows of the live table: newest windows, the ones before them, and the totals.
struct TopTable {
  let views: FleetViews
  let latest: [StoredWindow]
  let previous: [Identifier: WireTelemetryWindow]
  let totals: [NodeTotals]

  func rows() -> [TopRow] {
    views.core.state.nodes.keys.sorted().map(row)
  }

  private func row(_ node: Identifier) -> TopRow {
    var row = TopRow(
      node: node.text, liveness: views.core.sessions[node]?.liveness.rawValue ?? "never",
      joules: 0, learningState: "", learningSamples: 0, residentKibibytes: 0, priceTable: "")
    row.energy = views.core.sessions[node]?.energy.map(NodeEnergyView.init)
    addTotals(to: &row, totals.filter { $0.node == node })
    guard let window = latest.first(where: { $0.node == node })?.window else { return row }
    row.model = ContentDigest(window.modelDigest)?.hex
    row.learningState = window.learningState
    row.residentKibibytes = Int(window.residentKibibytes)
    row.ageMilliseconds = views.now.milliseconds(
      since: Instant(microseconds: Int64(clamping: window.atUs)))
    if window.recentLabelled > 0 {
      row.accuracy = 100 * Double(window.recentCorrect) / Double(window.recentLabelled)
    }
    if let before = previous[node], window.atUs > before.atUs,
      window.inferences >= before.inferences
    {
      let seconds = Double(window.atUs - before.atUs) / 1_000_000
      row.inferencesPerSecond = Double(window.inferences - before.inferences) / seconds
    }
    return row
  }

  /// Counters are what nodes say: a sum beyond their width stays at the largest value.
  private func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  private func addTotals(to row: inout TopRow, _ totals: [NodeTotals]) {
    var inferenceJoules = 0.0
    var inferences: UInt64 = 0
    var names: [String] = []
    for total in totals {
      row.learningSamples = sum(row.learningSamples, total.counters.learningSamples)
      guard let price = total.price, let table = views.table(price) else { continue }
      let inference = views.total(total.counters.inferenceCounts, table) ?? 0
      row.joules += inference + (views.total(total.counters.learningCounts, table) ?? 0)
      inferenceJoules += inference
      inferences = sum(inferences, total.counters.inferences)
      names.append("\(table.name) (\(table.weakestGrade.rawValue))")
    }
    row.priceTable = names.joined(separator: ", ")
    if inferences > 0 {
      row.microjoulesPerInference = inferenceJoules * 1_000_000 / Double(inferences)
    }
  }
}
