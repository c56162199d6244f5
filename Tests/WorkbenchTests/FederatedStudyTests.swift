import Federation
import FleetCore
import Foundation
import SpikingNetwork
import Testing
import Workbench

/// A study learns as a fleet does, gives the same bytes whatever interrupts it, and says what is
/// wrong before it begins.
@Suite struct FederatedStudyTests {
  private let fixture: StudyFixture

  init() throws { fixture = try StudyFixture() }

  private static func read(_ file: String, of folder: TemporaryFolder) throws -> String {
    try String(contentsOfFile: folder.path + "/study/" + file, encoding: .utf8)
  }

  /// Runs a study in a new folder, to its end or in parts that end after these rounds.
  private func run(
    _ plan: StudyPlan, threads: Int = 2, stops: [UInt32] = []
  ) throws -> (progress: StudyProgress, folder: TemporaryFolder) {
    let folder = try TemporaryFolder()
    for stop in stops {
      _ = try FederatedStudy(plan, folder: folder.path + "/study", threads: threads)
        .run(to: stop) { _ in }
    }
    let study = try FederatedStudy(plan, folder: folder.path + "/study", threads: threads)
    return (try study.run { _ in }, folder)
  }

  @Test func `nodes learn together what none of them was told`() throws {
    let ear = StudyEar()
    let folder = try TemporaryFolder()
    var plan = fixture.plan()
    plan.isPooled = true
    let study = try FederatedStudy(plan, folder: folder.path + "/study", threads: 2)
    let progress = try study.run { ear.hear($0) }
    #expect(progress.end == .finished)
    #expect(progress.rounds.map(\.round) == [0, 1, 2, 3, 4])
    let (base, last) = (progress.rounds[0], progress.rounds[4])
    #expect(base.accuracy < 60)
    #expect(last.accuracy > base.accuracy + 20)
    let pooled = try #require(last.pooled)
    #expect(pooled.samples == 4 * 6 * 30)
    #expect(pooled.accuracy > base.accuracy + 20)
    for round in progress.rounds.dropFirst() {
      #expect(round.reports == 6 && round.late == 0 && round.refused == 0)
      #expect(round.samples == 180)
      #expect(round.inferenceNanojoules > 0 && round.learningNanojoules > 0)
      #expect(round.bytesUp > round.updateBytes && round.updateBytes > 0)
      #expect(round.bytesDown > UInt64(6 * plan.base.count))
    }
    #expect(progress.nodes.allSatisfy { $0.ordinal == 120 && $0.reports == 4 })
    let committed = ear.activities.compactMap { activity in
      if case .committed(let round) = activity { round } else { nil }
    }
    #expect(committed == progress.rounds)
    #expect(
      ear.activities.contains(.training(round: 1, trained: 6, ordered: 6)))
    let written = try Data(contentsOf: URL(filePath: folder.path + "/study/model.snn"))
    #expect(try study.model() == Array(written))
  }

  private static let jobs: [(Strategy, UpdateCompression, dropout: Double)] = {
    do {
      return [
        (.fedAvg, .dense, 0),
        (try Strategy(.fedAdam, ["learningRate": 0.02]), .dense, 0),
        (try Strategy(.median), .dense, 0.3),
        (try Strategy(.fedProx, ["mu": 0.01]), .dense, 0),
        (try Strategy(.qFedAvg, ["learningRate": 10]), .int8, 0),
        (.fedAvg, .topK(perMille: 50, bytes: false), 0),
        (.fedAvg, .int8, 0.3),
      ]
    } catch {
      preconditionFailure("strategies of the tests: \(error)")
    }
  }()

  @Test(arguments: jobs.indices)
  func `one thread, two threads and an interrupted study come to the same bytes`(
    job: Int
  ) throws {
    let (strategy, compression, dropout) = Self.jobs[job]
    var plan = fixture.plan(
      minimumReports: dropout > 0 ? 3 : nil, strategy: strategy, compression: compression)
    plan.dropout = dropout
    plan.isPooled = true
    let whole = try run(plan, threads: 1)
    #expect(whole.progress.end == .finished)
    for other in [try run(plan), try run(plan, stops: [0, 1, 3])] {
      #expect(other.progress == whole.progress)
      for file in ["rounds.csv", "nodes.csv", "accuracy.svg", "accuracy-per-joule.svg"] {
        let (found, expected) = (
          try Self.read(file, of: other.folder), try Self.read(file, of: whole.folder)
        )
        #expect(found == expected)
      }
    }
    if dropout > 0 { #expect(whole.progress.rounds.contains { $0.late > 0 }) }
  }

  @Test func `another seed is another study`() throws {
    let first = try run(fixture.plan(rounds: 1))
    var plan = fixture.plan(rounds: 1)
    plan.job.seed += 1
    #expect(try run(plan).progress.model != first.progress.model)
  }

  @Test func `what compression leaves out travels later, in a tenth of the bytes`() throws {
    let dense = try run(fixture.plan())
    let sparse = try run(fixture.plan(compression: .topK(perMille: 50, bytes: false)))
    func bytes(_ progress: StudyProgress) -> UInt64 {
      progress.rounds.reduce(0) { $0 + $1.updateBytes }
    }
    #expect(Double(bytes(sparse.progress)) < 0.25 * Double(bytes(dense.progress)))
    #expect(sparse.progress.nodes.allSatisfy { $0.residual != nil })
    let last = try #require(sparse.progress.rounds.last)
    #expect(last.accuracy > sparse.progress.rounds[0].accuracy + 15)
  }

  @Test func `two of seven that send the opposite ruin a mean and not a median`() throws {
    func accuracy(_ strategy: Strategy, _ attack: StudyAttack?) throws -> Double {
      var plan = fixture.plan(nodes: 7, strategy: strategy)
      if let attack {
        plan.poisoned = 2
        plan.attack = attack
      }
      return try #require(try run(plan).progress.rounds.last).accuracy
    }
    let clean = try accuracy(.fedAvg, nil)
    let attack = StudyAttack.signFlip(scale: 10)
    let (mean, median) = (
      try accuracy(.fedAvg, attack), try accuracy(try Strategy(.median), attack)
    )
    #expect(mean < clean - 20)
    #expect(median > clean - 10)
    let krum = try accuracy(
      try Strategy(.multiKrum, ["byzantine": 2, "selected": 3]), attack)
    #expect(krum > clean - 10)
  }

  @Test func `nodes that flip labels report what they do not know`() throws {
    var plan = fixture.plan(rounds: 3)
    (plan.poisoned, plan.attack) = (2, .labelFlip)
    let (progress, folder) = try run(plan)
    let study = try FederatedStudy(plan, folder: folder.path + "/study", threads: 1)
    let shares = zip(study.nodes, progress.nodes).map { node, done in
      (node.isPoisoned, Double(done.correct) / Double(done.samples))
    }
    #expect(shares.count { $0.0 } == 2)
    let worst = shares.filter { !$0.0 }.map(\.1).min() ?? 0
    #expect(shares.filter(\.0).allSatisfy { $0.1 < worst })
  }

  @Test func `a study without enough reports says so and stays where it was`() throws {
    var plan = fixture.plan(nodes: 6, minimumReports: 6)
    plan.dropout = 0.9
    let (progress, folder) = try run(plan)
    guard case .failed(let detail) = progress.end else {
      Issue.record("the study ended as \(String(describing: progress.end))")
      return
    }
    #expect(detail.contains("quorum") && detail.contains("6 needed"))
    #expect(progress.rounds.count == 1)
    let again = try FederatedStudy(plan, folder: folder.path + "/study", threads: 1).run { _ in }
    #expect(again == progress)
  }

  @Test func `tables have a line for each round and node, pictures one for each series`() throws {
    var plan = fixture.plan(rounds: 2)
    plan.isPooled = true
    plan.poisoned = 1
    let (progress, folder) = try run(plan)
    let rounds = try Self.read("rounds.csv", of: folder).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rounds.count == 4 && rounds.allSatisfy { $0.count == rounds[0].count })
    let column = try #require(rounds[0].firstIndex(of: "joules"))
    let joules = try #require(Double(rounds[3][column]))
    #expect(abs(joules - Double(progress.rounds[2].nanojoules) * 1e-9) < 1e-12)
    let nodes = try Self.read("nodes.csv", of: folder).split(separator: "\n")
    #expect(nodes.count == 7)
    #expect(nodes.count { $0.contains(",yes,") } == 1)
    for file in ["accuracy.svg", "accuracy-per-joule.svg"] {
      let picture = try Self.read(file, of: folder)
      #expect(picture.hasPrefix("<svg") && picture.hasSuffix("</svg>\n"))
      #expect(picture.split(separator: "stroke-linejoin").count == 3)
      #expect(picture.contains("pooled on one chip"))
    }
  }
}
