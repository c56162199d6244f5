import Federation
import Foundation
import Testing

@Suite struct StrategyTests {
  private func code(
    _ name: Strategy.Name, _ given: [String: Double] = [:], weighting: Weighting? = nil
  ) -> String? {
    do throws(AggregationError) {
      _ = try Strategy(name, given, weighting: weighting)
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error.code
    }
  }

  @Test func `names are those of the field`() {
    #expect(
      Strategy.Name.allCases.map(\.rawValue) == [
        "fedavg", "fedprox", "fedavgm", "fedadagrad", "fedadam", "fedyogi", "scaffold", "fedbuff",
        "qfedavg", "median", "trimmed-mean", "norm-clip", "krum", "multi-krum", "bulyan",
      ])
  }

  @Test func `defaults are those of the papers and of the reference`() throws {
    #expect(
      try Strategy(.fedAdam).serverStep
        == .adaptive(.adam, rate: 0.1, beta1: 0.9, beta2: 0.99, tau: 1e-3))
    #expect(
      try Strategy(.fedYogi).serverStep
        == .adaptive(.yogi, rate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3))
    #expect(try Strategy(.fedAvgM).serverStep == .momentum(rate: 1, beta: 0.9))
    #expect(
      try Strategy(.multiKrum, ["byzantine": 2]).combination == .krum(byzantine: 2, selected: nil))
  }

  @Test(arguments: Strategy.Name.allCases)
  func `each parameter is taken up to both ends of its range and not beyond`(
    name: Strategy.Name
  ) throws {
    let sound = try AggregationTests.example(name).values
    for parameter in name.parameters {
      let (low, high) = (parameter.range.lowerBound, parameter.range.upperBound)
      for value in [low, high] {
        #expect(code(name, sound.merging([parameter.name: value]) { $1 }) == nil)
      }
      for value in [low - 1e-3, high * 1.01, .nan, .infinity, -.infinity] {
        #expect(code(name, sound.merging([parameter.name: value]) { $1 }) == "strategy-parameter")
      }
      if parameter.isWhole {
        #expect(
          code(name, sound.merging([parameter.name: low + 0.5]) { $1 }) == "strategy-parameter")
      }
      if parameter.standard == nil, !parameter.isOptional {
        #expect(
          code(name, sound.filter { $0.key != parameter.name }) == "strategy-parameter")
      }
    }
    #expect(code(name, sound.merging(["nonsense": 1]) { $1 }) == "strategy-parameter")
    #expect((code(name, sound, weighting: .samples) == nil) == name.takesWeighting)
    #expect(code(name, sound, weighting: .uniform) == nil)
  }

  @Test(arguments: Strategy.Name.allCases)
  func `a strategy reads back from JSON as it was written`(name: Strategy.Name) throws {
    let strategy = try AggregationTests.example(name)
    let bytes = try JSONEncoder().encode(strategy)
    #expect(try JSONDecoder().decode(Strategy.self, from: bytes) == strategy)
  }

  @Test func `a job file names a strategy and its parameters side by side`() throws {
    func read(_ text: String) throws -> Strategy {
      try JSONDecoder().decode(Strategy.self, from: Data(text.utf8))
    }
    #expect(try read(#"{"name":"krum","byzantine":2}"#) == Strategy(.krum, ["byzantine": 2]))
    #expect(
      try read(#"{"name":"fedavg","weighting":"uniform"}"#)
        == Strategy(.fedAvg, weighting: .uniform))
    for text in [
      "{}", #"{"name":"fedsgd"}"#, #"{"name":"krum"}"#, #"{"name":"fedadam","lr":1}"#,
      #"{"name":"fedadam","tau":0}"#, #"{"name":"median","weighting":"samples"}"#,
      #"{"name":"fedavg","weighting":"energy"}"#, #"{"name":"fedadam","tau":"small"}"#,
    ] {
      #expect(throws: (any Error).self, "\(text)") { try read(text) }
    }
  }
}
