import CompiledModel
import Federation
import FleetCore
import Foundation
import SpikingNetwork
import Testing
import Workbench

/// A study that cannot be run is refused before it begins, by file and field.
@Suite struct StudyPlanTests {
  private let fixture: StudyFixture
  private let folder: TemporaryFolder

  init() throws {
    fixture = try StudyFixture()
    folder = try TemporaryFolder()
  }

  private func refusal(
    of plan: StudyPlan, in name: String = "study"
  ) throws -> ConfigurationError {
    let error = #expect(throws: ConfigurationError.self) {
      try FederatedStudy(plan, folder: folder.path + "/" + name, threads: 1)
    }
    return try #require(error)
  }

  @Test func `a model that learns nothing is refused`() throws {
    var plan = fixture.plan()
    plan.base = try StudyFixture(plasticity: nil).model.encoded()
    let error = try refusal(of: plan)
    #expect(error.file == "base.snn" && error.key == "plasticity")
  }

  @Test func `bytes that are no model are refused`() throws {
    var plan = fixture.plan()
    plan.base = Array(plan.base.dropLast())
    #expect(try refusal(of: plan).file == "base.snn")
  }

  @Test func `samples of another width, and of more classes, are refused`() throws {
    var plan = fixture.plan()
    plan.check = LabelledSamples(
      channels: 7, intensities: [0, 1, 2, 3, 4, 5, 6], labels: [0], ids: [1])
    var error = try refusal(of: plan)
    #expect(error.file == "held-out" && error.key == "channels" && error.found == "7")
    plan = fixture.plan()
    plan.data.append(
      LabelledSample(
        intensities: [UInt8](repeating: 0, count: StudyFixture.channels), label: 4, id: 1))
    error = try refusal(of: plan)
    #expect(error.file == "samples" && error.key == "labels" && error.found == "4")
  }

  @Test func `more poisoned nodes than there are, and a dropout of all, are refused`() throws {
    var plan = fixture.plan()
    plan.poisoned = 7
    #expect(try refusal(of: plan).file == "--poisoned")
    plan = fixture.plan()
    plan.dropout = 1
    #expect(try refusal(of: plan).file == "--dropout")
    plan.dropout = .nan
    #expect(try refusal(of: plan).file == "--dropout")
  }

  @Test func `names that are none, and a name twice, are refused`() throws {
    var plan = fixture.plan()
    plan.job.nodes[2] = "Not a name"
    #expect(try refusal(of: plan).key == "nodes")
    plan.job.nodes[2] = "node-1"
    #expect(try refusal(of: plan).key == "nodes")
    plan = fixture.plan()
    plan.job.name = ""
    #expect(try refusal(of: plan).key == "name")
  }

  @Test func `a job that no coordinator starts is refused in its words`() throws {
    let krum = try Strategy(.multiKrum, ["byzantine": 3])
    let error = try refusal(of: fixture.plan(nodes: 6, strategy: krum))
    #expect(error.file == "job.yaml" && error.found.contains("with 6 reports"))
    var plan = fixture.plan()
    plan.job.rounds = 0
    #expect(try refusal(of: plan, in: "other").key == "rounds")
  }

  @Test func `other inputs for a study that was begun are refused by name`() throws {
    let plan = fixture.plan()
    let path = folder.path + "/study"
    _ = try FederatedStudy(plan, folder: path, threads: 1).run(to: 1) { _ in }
    let changes: [(String, (inout StudyPlan) -> Void)] = [
      ("job.rounds", { $0.job.rounds = 9 }), ("job.seed", { $0.job.seed = 9 }),
      ("job.compression", { $0.job.compression = .int8 }), ("dropout", { $0.dropout = 0.5 }),
      ("partition", { $0.partition = "uniform" }), ("attack", { $0.poisoned = 1 }),
      ("check", { $0.check = $0.check.selecting([0, 1, 2]) }), ("pooled", { $0.isPooled = true }),
      ("data", { $0.data = $0.data.selecting(Array(0..<239) + [238]) }),
    ]
    for (key, change) in changes {
      var other = plan
      change(&other)
      let error = try refusal(of: other)
      #expect(error.key == key && error.file == path + "/study.json")
    }
    let study = try FederatedStudy(plan, folder: path, threads: 1)
    #expect(study.progress?.rounds.count == 2)
  }

  @Test func `a folder with other things in it is left alone`() throws {
    _ = try folder.file("precious.txt", "mine")
    let error = try refusal(of: fixture.plan(), in: "")
    #expect(error.found.contains("precious.txt"))
  }

  @Test func `damaged content is found and not learnt from`() throws {
    let plan = fixture.plan()
    let path = folder.path + "/study"
    let progress = try FederatedStudy(plan, folder: path, threads: 1).run(to: 1) { _ in }
    let blob = path + "/blobs/" + progress.model.hex
    var bytes = try Data(contentsOf: URL(filePath: blob))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: blob))
    let error = #expect(throws: ConfigurationError.self) {
      try FederatedStudy(plan, folder: path, threads: 1).run { _ in }
    }
    #expect(error?.file == blob)
  }

  @Test(arguments: ["", "sign-flip:", "sign-flip:0", "sign-flip:-1", "label-flip:2", "noise"])
  func `what is no attack is not read`(text: String) { #expect(StudyAttack(text) == nil) }

  @Test(arguments: ["sign-flip", "sign-flip:2.5", "label-flip"])
  func `an attack reads what it writes`(text: String) throws {
    let attack = try #require(StudyAttack(text))
    #expect(StudyAttack(attack.description) == attack)
  }
}
