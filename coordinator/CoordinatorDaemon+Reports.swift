import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore

extension CoordinatorService {
  /// What jobs cost and became, without the nodes of each round and of each job.
  func reports() async throws -> [JobReport] {
    try JobReports(views: views, store: daemon.store).all()
  }

  /// What a job cost and became, with a byte at this price.
  func report(_ job: String, radio: RadioPrice) async throws -> JobReport {
    try JobReports(views: views, store: daemon.store, radio: radio).report(job)
  }

  /// A model by name, digest or at least eight first digits of it, and where it comes from.
  func model(_ name: String) async throws -> ModelDetail {
    // A whole digest may be that of a model that was removed.
    let digest = try ContentDigest(hex: name) ?? model(named: name).digest
    return try JobReports(views: views, store: daemon.store).detail(of: digest)
  }

  /// What is learnt in one model and not in another of the same structure.
  func difference(from: String, to: String) async throws -> ModelDifference {
    let (before, after) = (try model(named: from), try model(named: to))
    do {
      return try ModelDifference(from: try compiled(before), to: try compiled(after))
    } catch let error as StructureMismatch {
      throw ServiceError(status: 409, code: "structure", detail: "\(error)")
    }
  }

  private func compiled(_ record: ModelRecord) throws -> CompiledModel {
    do {
      return try CompiledModel(reading: try daemon.blobs.read(record.digest))
    } catch let error as ModelError {
      throw ServiceError(
        status: 503, code: "model-unreadable",
        detail: "model \(record.digest.short) cannot be read: \(error); push it again")
    }
  }

  /// Lets a running job's next round grow from the model of an earlier one.
  func rollBackJob(
    _ name: String, _ request: RollbackRequest, requestID: String
  ) async throws -> CommandView {
    try checkContent(of: name, after: request.round)
    return try command(.rollBackJob(name, to: request.round), requestID)
  }

  /// The core knows what is recorded; whether the bytes are there only the disk knows.
  private func checkContent(of name: String, after round: UInt32) throws {
    let state = daemon.snapshot().state
    guard let id = Identifier(name), let job = state.jobs[id], job.state == .running,
      let basis = state.basis(of: job, after: round)
    else { return }
    for (digest, what) in [(basis.model, "model"), (basis.serverState, "state of the strategy")] {
      guard let digest, try !daemon.blobs.contains(digest) else { continue }
      throw ServiceError(
        status: 409, code: "content-gone",
        detail: "the \(what) \(digest.short) of round \(round) is not on the disk any more; name "
          + "another round: `spikefleet federate history \(id)` lists them")
    }
  }
}
