package import CompiledModel
import Foundation

extension FleetClient {
  /// What jobs cost and became, in name order, without the nodes of each round and of each job.
  package func reports() async throws -> [JobReport] { try await get(APIPath.reports) }

  /// What a job cost and became, with a byte at this price.
  package func report(_ job: String, radio: RadioPrice) async throws -> JobReport {
    let name = try Self.checked(job, "job")
    // The coordinator knows the usual price by itself; another one is the same both ways.
    let price = radio == .assumed ? "" : "?radioNanojoules=\(radio.sentNanojoules)"
    return try await get("\(APIPath.jobs)/\(name)/report\(price)")
  }

  /// Lets a running job's next round grow from the model of an earlier one.
  package func rollBackJob(
    _ name: String, _ request: RollbackRequest, requestID: String
  ) async throws -> CommandView {
    try await post(
      "\(APIPath.jobs)/\(try Self.checked(name, "job"))/rollback", request, requestID)
  }

  /// A model by name, digest or at least eight first digits of it, and where it comes from.
  package func model(_ name: String) async throws -> ModelDetail {
    try await get("\(APIPath.models)/\(try Self.checked(model: name))")
  }

  /// What is learnt in one model and not in another of the same structure, both named likewise.
  package func difference(from: String, to: String) async throws -> ModelDifference {
    try await get(
      "\(APIPath.models)/\(try Self.checked(model: from))/difference?to="
        + (try Self.checked(model: to)))
  }

  /// A name, or digits of a digest: those are more than a name has.
  private static func checked(model name: String) throws(ServiceError) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
        || [0x2D, 0x2E, 0x5F].contains(byte)
    }
    guard isPlain, (1...64).contains(name.utf8.count) else {
      throw ServiceError(
        status: 400, code: "model-name",
        detail: "`\(name.prefix(80))` is no model; expected a name, a digest of 64 digits, or at "
          + "least 8 first digits of it: `spikefleet model list` shows them")
    }
    return name
  }
}
