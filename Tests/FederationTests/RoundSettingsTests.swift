import Federation
import Testing

@Suite struct RoundSettingsTests {
  static let average = StrategyTraits(name: "fedavg")
  static let equal = StrategyTraits(name: "fedavg-equal", weighting: .equal)

  private func settings(
    _ strategy: StrategyTraits = average, masked: Bool = false, privacy: Bool = false,
    _ change: (inout RoundSettings) -> Void = { _ in }
  ) throws -> RoundSettings {
    var settings = RoundSettings(
      strategy: strategy, isMasked: masked, isPrivate: privacy,
      selection: privacy ? .chance(perMillion: 100_000) : .uniform,
      size: try CohortSize(target: 10, quorum: 8), sealsAtTarget: !privacy)
    change(&settings)
    return settings
  }

  private func codes(_ settings: RoundSettings) -> [String] {
    for conflict in settings.conflicts { #expect(!conflict.description.isEmpty) }
    return settings.conflicts.map(\.code)
  }

  @Test func `plain averages go with masks, with privacy, and with both`() throws {
    #expect(try codes(settings()) == [])
    #expect(try codes(settings(masked: true)) == [])
    #expect(try codes(settings(Self.equal, privacy: true)) == [])
    #expect(try codes(settings(Self.equal, masked: true, privacy: true)) == [])
    #expect(try codes(settings { $0.compression = .topK(perMille: 10, bytes: true) }) == [])
  }

  @Test func `robust rules go with neither masks nor privacy, and say so by name`() throws {
    let krum = StrategyTraits(name: "krum", weighting: .equal, needsSingleUpdates: true)
    #expect(try codes(settings(krum)) == [])
    #expect(try codes(settings(krum, masked: true)) == ["masks-single-updates"])
    #expect(try codes(settings(krum, privacy: true)) == ["privacy-single-updates"])
    for conflict in try settings(krum, masked: true, privacy: true).conflicts {
      #expect(conflict.description.contains("krum"))
    }
  }

  @Test func `buffers, control variates and weights of another kind are refused`() throws {
    let buffer = StrategyTraits(name: "fedbuff", weighting: .other, isAsynchronous: true)
    #expect(try codes(settings(buffer, masked: true)) == ["masks-asynchronous", "masks-weights"])
    #expect(
      try codes(settings(buffer, privacy: true)) == ["privacy-weights", "privacy-asynchronous"])
    let scaffold = StrategyTraits(name: "scaffold", weighting: .equal, sendsExtraState: true)
    #expect(try codes(settings(scaffold, masked: true)) == ["masks-extra-state"])
    #expect(try codes(settings(scaffold, privacy: true)) == ["privacy-extra-state"])
    #expect(try codes(settings(Self.average, privacy: true)) == ["privacy-weights"])
  }

  @Test func `masks leave nothing to compress`() throws {
    let compressions: [UpdateCompression] = [.int8, .topK(perMille: 10, bytes: false)]
    for compression in compressions {
      #expect(
        try codes(settings(masked: true) { $0.compression = compression })
          == ["masks-compression"])
    }
  }

  @Test func `masks need more than half, and no more nodes than there are shares`() throws {
    let codes = { (target: Int, quorum: Int, asked: Int) in
      let size = try CohortSize(target: target, quorum: quorum, askedPerMille: asked)
      return try self.codes(self.settings(masked: true) { $0.size = size })
    }
    #expect(try codes(10, 6, 1_000) == [])
    #expect(try codes(10, 5, 1_000) == ["masks-quorum"])
    #expect(try codes(10, 6, 1_200) == ["masks-quorum"])
    #expect(try codes(255, 200, 1_000) == [])
    #expect(try codes(256, 200, 1_000) == ["masks-cohort-size"])
  }

  @Test func `privacy has nodes drawn by chance and nobody pushed out`() throws {
    for rule in [SelectionRule.uniform, .weighted(.loss)] {
      #expect(
        try codes(settings(Self.equal, privacy: true) { $0.selection = rule })
          == ["privacy-selection"])
    }
    #expect(
      try codes(settings(Self.equal, privacy: true) { $0.sealsAtTarget = true })
        == ["privacy-early-seal"])
  }

  @Test func `what nodes keep goes with privacy only where all are drawn`() throws {
    let local = StrategyTraits(name: "local", weighting: .equal, keepsNodeState: true)
    #expect(try codes(settings(local, privacy: true)) == ["privacy-node-state"])
    for (chance, expected) in [(999_999, ["privacy-node-state"]), (1_000_000, [])]
      as [(UInt32, [String])]
    {
      let settings = try settings(Self.equal, privacy: true) {
        $0.compression = .int8
        $0.feedsResidualBack = true
        $0.selection = .chance(perMillion: chance)
      }
      #expect(codes(settings) == expected)
    }
  }

  @Test func `residuals follow neurons, and signs need them`() throws {
    #expect(try codes(settings { $0.compression = .sign }) == ["sign-residual"])
    let union = StrategyTraits(name: "union", needsSingleUpdates: true, movesNeurons: true)
    let moved = try settings(union) {
      $0.compression = .sign
      $0.feedsResidualBack = true
    }
    #expect(codes(moved) == ["residual-moved-neurons"])
  }
}
