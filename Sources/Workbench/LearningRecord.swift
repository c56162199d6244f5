import CompiledModel
import Crypto
package import FleetCore
import FleetProtocol
import Foundation
import SpikingNetwork

/// All that it takes to compute a node's learning again, and what came of it.
package struct LearningRecord: Sendable, Equatable, Codable {
  /// The round: job, round and attempt.
  package var round: String
  /// SHA-256 of the model that the run started from.
  package var model: String
  /// Seed of the rounding and of rehearsal.
  package var seed: UInt64
  /// Ordinal of the first sample.
  package var firstOrdinal: UInt64
  /// Samples that were taken from the stream.
  package var samples: UInt32
  /// What kept the node from forgetting.
  package var settings: LearningSettings
  /// What the publisher permits; nil for everything.
  package var permit: TrainingPermit?
  /// SHA-256 of the stream's samples and events.
  package var stream: String
  /// SHA-256 of what layers that stay on the node had learnt before; nil for nothing.
  package var localState: String?
  /// SHA-256 of the learned state after the last sample, block by block, little-endian.
  package var learnedState: String
  /// Samples that were right before they were learnt.
  package var correct: UInt32
  /// Share of its distance from the base that each weight lost after each sample, in 65,536ths; nil
  /// for none.
  package var pull: UInt32?

  init(
    _ order: TrainingOrder, _ settings: LearningSettings, stream: ContentDigest,
    learnedState: [[Int16]], correct: UInt32
  ) {
    round = "\(order.key)"
    model = order.base.hex
    seed = order.seed
    firstOrdinal = order.firstOrdinal
    samples = order.samples
    self.settings = settings
    permit = order.permit
    localState = order.localState?.hex
    self.stream = stream.hex
    self.learnedState = Self.digest(of: learnedState)
    self.correct = correct
    pull = order.terms.pull > 0 ? order.terms.pull : nil
  }

  /// SHA-256 of learned state.
  package static func digest(of state: [[Int16]]) -> String {
    var hash = SHA256()
    for block in state {
      block.map(\.littleEndian).withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return Hex.text(Array(hash.finalize()))
  }

  /// Reads a record that `encoded()` wrote; the error names the file.
  package static func read(_ path: String) throws(ConfigurationError) -> LearningRecord {
    let bytes = try InputFile.bytes(of: path, what: "a record of learning")
    do {
      let record = try JSONDecoder().decode(LearningRecord.self, from: bytes)
      guard record.samples >= 1, record.firstOrdinal <= 1 << 40 else { throw Unsound() }
      return record
    } catch {
      throw ConfigurationError(
        file: path, key: "", found: "other content", expected: "a record of learning",
        cure: "name a file that an agent wrote into `learning` of its state folder")
    }
  }

  private struct Unsound: Error {}

  /// The record as a file; throws for a number that JSON cannot hold.
  package func encoded() throws(ConfigurationError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do { return [UInt8](try encoder.encode(self)) + [0x0A] } catch {
      throw ConfigurationError(
        file: "record of \(round)", key: "settings", found: "a value that JSON cannot hold",
        expected: "finite numbers", cure: "correct `learning` of the agent's configuration")
    }
  }

  /// Computes the run again on a chip of this machine; the record that comes of it.
  ///
  /// Throws if model or stream are not those of the record.
  package func replayed(
    _ bytes: [UInt8], stream: NodeStream
  ) throws -> LearningRecord {
    func other(_ key: String, _ found: String, _ expected: String) -> ConfigurationError {
      ConfigurationError(
        file: "record of \(round)", key: key, found: found, expected: expected,
        cure: "name the one that the node learnt with")
    }
    // What such layers had learnt then is not kept beside what they have learnt since.
    if let localState {
      throw ConfigurationError(
        file: "record of \(round)", key: "localState", found: localState,
        expected: "a run that began from the model alone",
        cure: "name the record of a job's first round, or of a job without `keep-local`")
    }
    let digest = Hex.text(Array(SHA256.hash(data: bytes)))
    guard digest == model else { throw other("model", digest, model) }
    guard stream.digest.hex == self.stream else {
      throw other("stream", stream.digest.hex, self.stream)
    }
    guard let base = ContentDigest(hex: model), let job = Identifier("replay") else {
      throw other("model", model, "64 hexadecimal digits")
    }
    let compiled: CompiledModel
    do { compiled = try CompiledModel(reading: bytes) } catch {
      throw other("model", "\(error)", "a compiled model")
    }
    guard compiled.sampleSize == stream.samples.channels, stream.labelMax < compiled.classes else {
      throw other("stream", "samples of another shape", "those of the model")
    }
    var run = try TrainingRun(
      TrainingOrder(
        key: RoundKey(job: job, round: 1, attempt: 1), base: base, samples: samples, seed: seed,
        firstOrdinal: firstOrdinal, permit: permit, terms: TrainingTerms(pull: pull ?? 0)),
      model: compiled, stream: stream,
      settings: settings)
    while !run.isDone { _ = run.trainNext() }
    var record = run.finished().record
    record.round = round
    return record
  }
}
