import CompiledModel
import Crypto
package import FleetCore
import FleetProtocol
import Foundation
package import SpikingNetwork

/// What a study of federated learning in one process starts from.
package struct StudyPlan: Sendable {
  /// Where inputs come from, as errors name them.
  package struct Sources: Sendable, Equatable {
    /// The job.
    package var job: String
    /// The base model.
    package var model: String
    /// The nodes' samples.
    package var data: String
    /// The held-out samples.
    package var check: String

    /// Names of files, folders or flags.
    package init(job: String, model: String, data: String, check: String) {
      self.job = job
      self.model = model
      self.data = data
      self.check = check
    }
  }

  /// The job; its model is filled in, and its nodes are those of the study.
  package var job: JobSpecification
  /// Bytes of the compiled model that the first round starts from.
  package var base: [UInt8]
  /// The samples of all nodes.
  package var data: LabelledSamples
  /// Positions of each node's samples, in node order.
  package var hands: [[Int]]
  /// How they were dealt, in words.
  package var partition: String
  /// Held-out samples that judge the models.
  package var check: LabelledSamples
  /// Nodes that are poisoned, drawn by the job's seed.
  package var poisoned: Int
  /// What they do.
  package var attack: StudyAttack
  /// Share of the nodes that send nothing in a round, drawn by the job's seed.
  package var dropout: Double
  /// Whether one chip learns from all samples for comparison.
  package var isPooled: Bool
  /// Whether each node also learns alone for comparison.
  package var isLone: Bool
  /// Where inputs come from.
  package var sources: Sources

  /// A plan without attacks, of nodes that always answer.
  package init(
    job: JobSpecification, base: [UInt8], data: LabelledSamples, hands: [[Int]],
    partition: String, check: LabelledSamples, sources: Sources
  ) {
    self.job = job
    self.base = base
    self.data = data
    self.hands = hands
    self.partition = partition
    self.check = check
    self.sources = sources
    poisoned = 0
    attack = .signFlip(scale: 1)
    dropout = 0
    isPooled = false
    isLone = false
  }

  /// The model, once everything fits together; the error names the input and its field.
  func checkedModel() throws(ConfigurationError) -> CompiledModel {
    func bad(
      _ file: String, _ key: String, _ found: String, _ expected: String, _ cure: String
    ) -> ConfigurationError {
      ConfigurationError(file: file, key: key, found: found, expected: expected, cure: cure)
    }
    let model: CompiledModel
    do {
      model = try CompiledModel(reading: base)
    } catch {
      throw bad(sources.model, "", "\(error)", "a compiled model", "compile it again")
    }
    guard !model.learnedBlocks.isEmpty else {
      throw bad(
        sources.model, "plasticity", "no layer that learns", "at least one",
        "give a layer of the network a learning rule and compile it for a chip that can learn")
    }
    for (file, samples) in [(sources.data, data), (sources.check, check)] {
      guard samples.channels == model.sampleSize else {
        throw bad(
          file, "channels", "\(samples.channels)", "\(model.sampleSize), the inputs of the model",
          "name samples of the sensor that the model was made for")
      }
      guard let label = samples.labels.max() else {
        throw bad(file, "samples", "none", "at least one", "name a folder with samples")
      }
      guard Int(label) < model.classes else {
        throw bad(
          file, "labels", "\(label)", "labels below \(model.classes), the classes of the model",
          "name samples of the model's classes, or a model with more")
      }
    }
    guard (0...job.nodes.count).contains(poisoned) else {
      throw bad(
        "--poisoned", "", "\(poisoned)", "0 to \(job.nodes.count), the nodes", "poison fewer")
    }
    guard dropout >= 0, dropout < 1 else {
      throw bad(
        "--dropout", "", "\(dropout)", "0 or more and less than 1", "give a share of the nodes")
    }
    precondition(
      hands.count == job.nodes.count && hands.allSatisfy { !$0.isEmpty },
      "\(hands.count) hands for \(job.nodes.count) nodes, none empty")
    return model
  }

  /// Everything that decides the study's results, by name.
  func inputs() throws(ConfigurationError) -> [String: String] {
    var inputs = [
      "model": Hex.text(Array(SHA256.hash(data: base))), "data": NodeStream(data).digest.hex,
      "check": NodeStream(check).digest.hex, "partition": partition, "dropout": "\(dropout)",
      "poisoned": "\(poisoned)", "pooled": "\(isPooled)",
    ]
    if isLone { inputs["lone"] = "\(isLone)" }
    if poisoned > 0 { inputs["attack"] = attack.description }
    do {
      let encoder = JSONEncoder()
      let object = try JSONSerialization.jsonObject(with: try encoder.encode(job))
      for (name, value) in object as? [String: Any] ?? [:] {
        let text = try JSONSerialization.data(
          withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed, .withoutEscapingSlashes])
        inputs["job.\(name)"] = String(decoding: text, as: UTF8.self)
      }
    } catch {
      throw ConfigurationError(
        file: sources.job, key: "", found: "a value that JSON cannot hold",
        expected: "finite numbers", cure: "mend the job")
    }
    return inputs
  }
}
