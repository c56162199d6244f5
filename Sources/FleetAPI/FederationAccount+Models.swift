import CompiledModel
package import FleetCore
import FleetProtocol

extension FederationAccount {
  /// Everything that is known of a model, removed ones too; nil for one that never was.
  package func detail(of digest: ContentDigest) -> ModelDetail? {
    guard let model = models[digest] else { return nil }
    let prices = table(model.priceDigest)
    let active = state.nodes.values.filter {
      $0.observed?.phase == .active && $0.observed?.model == digest
    }
    return ModelDetail(
      name: model.name.text, releaseCounter: model.releaseCounter, digest: digest.hex,
      structureDigest: model.structureDigest.hex, size: model.size, chips: model.chips,
      priceTable: prices?.name, priceGrade: prices?.weakestGrade, signers: signers(of: model),
      addedMicroseconds: model.addedAt.microseconds,
      joulesPerInference: model.nanojoulesPerInference.map { Double($0) * 1e-9 },
      activeOn: active.map(\.id.text).sorted(), isStored: state.models[digest] != nil,
      lineage: lineage(of: model))
  }

  private func lineage(of model: ModelRecord) -> ModelLineage? {
    let line = state.lineage(of: model.digest)
    guard let published = model.published, let last = line.first,
      case .committed(let result) = last.state
    else { return nil }
    let reports = line.map(round)
    return ModelLineage(
      base: last.base.hex, published: published.hex,
      publishers: models[published].map(signers) ?? [], job: last.key.job.text,
      round: reports[0], committedMicroseconds: result.committedAt.microseconds,
      roundsBack: line.count, costBack: Self.sum(reports.map(\.cost), radio),
      line: line.map(\.key.description))
  }

  /// Ids of the keys under a manifest, which was verified when it came.
  private func signers(of model: ModelRecord) -> [String] {
    SignedDocument.claimedSigners(of: model.manifest).map { Hex.text($0) }
  }
}
