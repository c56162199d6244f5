import FleetCore
import FleetProtocol
import Testing

@Suite struct CommandTests {
  private func code(_ response: CommandResponse?) -> String? {
    guard case .refused(let code, let detail) = response else { return nil }
    #expect(!detail.isEmpty)
    return code
  }

  @Test func `a repeated request id gets the stored answer and changes nothing`() {
    var bench = CoordinatorBench()
    let first = bench.command(.deploy(model: bench.model.record.digest, nodes: []), id: "once")
    #expect(first == .done("1.1"))
    let state = bench.core.state
    #expect(bench.command(.cancelJob("anything"), id: "once") == first)
    #expect(bench.core.state == state)
    bench.restart()
    #expect(
      bench.command(.deploy(model: bench.model.record.digest, nodes: []), id: "once") == first)
  }

  @Test func `a refusal is stored under its request id too`() {
    var bench = CoordinatorBench()
    let first = bench.command(.cancelJob("nothing"), id: "refused")
    #expect(code(first) == "unknown-job")
    #expect(bench.mirror.state.answers["refused"] == first)
  }

  @Test(arguments: ["", String(repeating: "x", count: 129)])
  func `a request id of no or too many bytes is refused`(id: String) {
    var bench = CoordinatorBench()
    #expect(code(bench.command(.cancelJob("x"), id: id)) == "request-id")
    #expect(bench.mirror.state.answers[id] == nil)
  }

  @Test func `nodes are accepted once, by name and key`() {
    var bench = CoordinatorBench()
    let key = FleetFixture.publicKey(7)
    #expect(code(bench.command(.acceptNode(publicKey: key, name: "Node"))) == "node-name")
    #expect(code(bench.command(.acceptNode(publicKey: key, name: "../x"))) == "node-name")
    #expect(
      code(bench.command(.acceptNode(publicKey: key + "k", name: "node-d"))) == "public-key")
    #expect(
      code(bench.command(.acceptNode(publicKey: String(repeating: "~", count: 40), name: "n")))
        == "public-key")
    #expect(
      code(bench.command(.acceptNode(publicKey: FleetFixture.publicKey(0), name: "node-d")))
        == "duplicate-key")
    let directives = bench.handle(
      .command(.acceptNode(publicKey: key, name: "node-d"), requestID: "d"))
    let node = FleetFixture.identifier("node-d")
    let persisted = directives.position { if case .persist = $0 { true } else { false } }
    let allowed = directives.position { $0 == .allowKey(publicKey: key, node: node) }
    #expect(persisted == 0 && allowed == 1)
    #expect(bench.command(.acceptNode(publicKey: key, name: "node-d")) == .done("node-d"))
  }

  @Test func `a name that exists gets another key by replacement alone, online or not`() {
    var bench = CoordinatorBench()
    let node = CoordinatorBench.nodes[0]
    let (own, other) = (FleetFixture.publicKey(0), FleetFixture.publicKey(8))
    let accept = Command.acceptNode(publicKey: other, name: node.text)
    #expect(code(bench.command(accept)) == "duplicate-name")
    bench.hello(node)
    #expect(code(bench.command(accept)) == "duplicate-name")
    #expect(bench.core.state.nodes[node]?.admittedKeys == [own])
    #expect(
      bench.command(.acceptNode(publicKey: own, name: node.text)) == .done(node.text),
      "a repeat changes nothing")
    #expect(bench.command(.node(node.text, .replace(publicKey: other))) == .done(node.text))
    #expect(bench.core.state.nodes[node]?.admittedKeys == [other])
    #expect(bench.core.state.barredKeys[own]?.reason == .retired)
  }

  @Test func `a model is added once and its release counter must rise`() {
    var bench = CoordinatorBench()
    let record = bench.model.record
    #expect(bench.command(.addModel(record)) == .done(record.digest.hex))
    let lower = FixtureModel.published(counter: 3, seed: 1)
    #expect(code(bench.command(.addModel(lower.record))) == "release-counter")
    let higher = FixtureModel.published(counter: 4, seed: 1)
    #expect(bench.command(.addModel(higher.record)) == .done(higher.record.digest.hex))
    let renamed = FixtureModel.published(counter: 3) { $0.name = "other" }
    #expect(code(bench.command(.addModel(renamed.record))) == "duplicate-model")
    let renewed = FixtureModel.published(counter: 3) { $0.expiresUs += 1 }
    #expect(bench.command(.addModel(renewed.record)) == .done(record.digest.hex))
    #expect(bench.core.state.models[record.digest]?.manifest == renewed.envelope)
  }

  @Test func `a model beyond the limits is refused`() {
    var bench = CoordinatorBench()
    var record = FixtureModel.published("second").record
    record.size = 0
    #expect(code(bench.command(.addModel(record))) == "model-size")
    record.size = UInt64(Limits.modelBytesMax) + 1
    #expect(code(bench.command(.addModel(record))) == "model-size")
    record = FixtureModel.published("second").record
    record.manifest = [UInt8](repeating: 0, count: CoordinatorCore.manifestBytesMax + 1)
    #expect(code(bench.command(.addModel(record))) == "manifest-size")
    record = FixtureModel.published("second").record
    record.chips = []
    #expect(code(bench.command(.addModel(record))) == "chip")
    record = FixtureModel.published("second").record
    record.published = FleetFixture.digest([1])
    #expect(code(bench.command(.addModel(record))) == "unknown-model")
  }

  @Test func `a deployment names known models, known nodes and chips that fit`() {
    var bench = CoordinatorBench()
    let digest = bench.model.record.digest
    #expect(
      code(bench.command(.deploy(model: FleetFixture.digest([0]), nodes: []))) == "unknown-model")
    #expect(code(bench.command(.deploy(model: digest, nodes: ["node-x"]))) == "unknown-node")
    #expect(code(bench.command(.deploy(model: digest, nodes: ["/etc"]))) == "unknown-node")
    bench.hello(CoordinatorBench.nodes[1], chip: "odin")
    #expect(code(bench.command(.deploy(model: digest, nodes: []))) == "chip")
    #expect(bench.command(.deploy(model: digest, nodes: ["node-a", "node-a"])) == .done("1.1"))
    #expect(bench.command(.deploy(model: digest, nodes: ["node-c"])) == .done("1.2"))
  }

  @Test func `a deployment needs a node`() {
    var core = CoordinatorCore(state: FleetState(), settings: CoordinatorSettings())
    let model = FixtureModel.published().record
    _ = core.handle(.command(.addModel(model), requestID: "1"), at: FleetFixture.noon)
    let directives = core.handle(
      .command(.deploy(model: model.digest, nodes: []), requestID: "2"), at: FleetFixture.noon)
    guard case .answer(_, let response) = directives.last else {
      Issue.record("no answer")
      return
    }
    #expect(code(response) == "no-nodes")
  }

  @Test func `every generation is higher than all before it, also after a restart`() {
    var bench = CoordinatorBench()
    let digest = bench.model.record.digest
    bench.command(.deploy(model: digest, nodes: []))
    bench.command(.deploy(model: digest, nodes: []))
    bench.restart()
    #expect(bench.command(.deploy(model: digest, nodes: [])) == .done("2.1"))
  }

  @Test func `a deployment is persisted, answered and then sent`() {
    var bench = CoordinatorBench()
    let node = CoordinatorBench.nodes[0]
    bench.hello(node)
    let directives = bench.handle(
      .command(
        .deploy(model: bench.model.record.digest, nodes: [node.text]), requestID: "deploy"))
    let persisted = directives.position { if case .persist = $0 { true } else { false } }
    let answered = directives.position { if case .answer = $0 { true } else { false } }
    let sent = directives.position { if case .sendDesired = $0 { true } else { false } }
    #expect(persisted == 0 && answered == 1 && sent == 2)
  }

  @Test func `every field of a job is checked`() {
    var bench = CoordinatorBench()
    let sound = bench.specification()
    func refusal(_ change: (inout JobSpecification) -> Void) -> String? {
      var job = sound
      change(&job)
      return code(bench.command(.startJob(job)))
    }
    #expect(refusal { $0.name = "No Name" } == "job-name")
    #expect(refusal { $0.model = "abc" } == "unknown-model")
    #expect(refusal { $0.model = FleetFixture.digest([3]).hex } == "unknown-model")
    #expect(refusal { $0.rounds = 0 } == "rounds")
    #expect(refusal { $0.rounds = CoordinatorCore.roundsMax + 1 } == "rounds")
    #expect(refusal { $0.samplesPerRound = 0 } == "samples")
    #expect(refusal { $0.samplesPerRound = UInt32(Limits.roundSamplesMax) + 1 } == "samples")
    #expect(refusal { $0.nodes = [] } == "nodes")
    #expect(refusal { $0.nodes = ["node-a", "node-a"] } == "nodes")
    #expect(refusal { $0.nodes = ["node-a", "node-z"] } == "unknown-node")
    #expect(refusal { $0.minimumReports = 0 } == "minimum-reports")
    #expect(refusal { $0.minimumReports = 4 } == "minimum-reports")
    #expect(refusal { $0.deadlineMilliseconds = 0 } == "deadline")
    #expect(refusal { $0.attemptsMax = 0 } == "attempts")
    #expect(refusal { $0.attemptsMax = CoordinatorCore.attemptsMax + 1 } == "attempts")
    #expect(refusal { $0.maxRegression = -1 } == "max-regression")
    #expect(refusal { $0.maxRegression = .nan } == "max-regression")
    #expect(refusal { $0.keptModels = 0 } == "kept-models")
    for ratio in [0, -1, .nan, 1.1] {
      // The last one bounds what nobody has measured.
      #expect(refusal { $0.joulesRatioMax = ratio } == "joules-ratio")
    }
    #expect(bench.command(.startJob(sound)) == .done(sound.name))
    #expect(code(bench.command(.startJob(sound))) == "duplicate-job")
  }

  @Test func `a job needs chips that fit, a permit and a free place on its nodes`() {
    var bench = CoordinatorBench()
    let sealed = FixtureModel.published("sealed") { $0.clearPermit() }
    bench.command(.addModel(sealed.record))
    var job = bench.specification()
    job.model = sealed.record.digest.hex
    #expect(code(bench.command(.startJob(job))) == "no-permit")
    let over = FixtureModel.published("over") { $0.permit.untilUs = 1 }
    bench.command(.addModel(over.record))
    job.model = over.record.digest.hex
    #expect(code(bench.command(.startJob(job))) == "no-permit")
    for number in 0..<Limits.openRoundsMax {
      var other = bench.specification()
      other.name = "job-\(number)"
      #expect(bench.command(.startJob(other)) == .done(other.name))
    }
    #expect(code(bench.command(.startJob(bench.specification()))) == "open-rounds")
    bench.hello(CoordinatorBench.nodes[2], chip: "odin")
    #expect(code(bench.command(.startJob(bench.specification()))) == "chip")
  }

  @Test func `cancel ends a job in any state of its round, and again is the same`() {
    for step in ["open", "sealed"] {
      var bench = CoordinatorBench()
      bench.startJob(bench.specification(minimum: 1))
      if step == "sealed" {
        for node in CoordinatorBench.nodes { bench.report(node, bench.key()) }
      }
      #expect(bench.core.state.rounds[bench.key()]?.state.name == step)
      let job = CoordinatorBench.job
      #expect(bench.command(.cancelJob(job.text)) == .done(job.text))
      #expect(bench.core.state.jobs[job]?.state == .cancelled)
      #expect(bench.core.state.rounds[bench.key()]?.state == .cancelled)
      #expect(bench.command(.cancelJob(job.text)) == .done(job.text))
      // What was being aggregated comes too late: cancel wins.
      let after = bench.handle(
        .aggregated(bench.key(), .made(bench.successor(1), accuracy: 90)))
      #expect(after.isEmpty)
    }
  }

  @Test func `a job that is over cannot be cancelled`() {
    var bench = CoordinatorBench()
    bench.startJob(bench.specification(rounds: 1))
    for node in CoordinatorBench.nodes { bench.report(node, bench.key()) }
    bench.handle(.aggregated(bench.key(), .made(bench.successor(1), accuracy: nil)))
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .finished)
    #expect(code(bench.command(.cancelJob(CoordinatorBench.job.text))) == "job-over")
  }
}
