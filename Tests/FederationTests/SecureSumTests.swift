import Federation
import Testing

@Suite struct SecureSumTests {
  /// Each node is gone before sharing, or not; before its input, or not; before its answer, or not.
  @Test func `every drop-out pattern of five nodes gives the exact sum or is refused`() throws {
    let seed: UInt64 = 0x5EC0_0005
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    let cohort = try SecureCohort(5, threshold: 3, random: &random)
    var (opened, refused) = (0, 0)
    for sharers in subsets(Array(0..<5)) {
      guard sharers.count >= 3 else {
        #expect(secureCode { _ = try cohort.delivery(to: 0, of: sharers) } == "threshold")
        refused += 1
        continue
      }
      var masked = cohort
      let inputs = try sharers.map { try masked.mask($0, of: sharers) }
      for living in subsets(sharers) {
        let arrived = zip(sharers, inputs).filter { living.contains($0.0) }.map(\.1)
        guard living.count >= 3 else {
          #expect(
            secureCode { _ = try cohort.sum(inputs: arrived, of: sharers) } == "threshold")
          refused += 1
          continue
        }
        let sum = try cohort.sum(inputs: arrived.reversed(), of: sharers.reversed())
        var asked = masked
        let answers = try sharers.map { try asked.answer($0, sum.question, of: sharers) }
        for alive in subsets(sharers) {
          let came = zip(sharers, answers).filter { alive.contains($0.0) }.map(\.1)
          guard alive.count >= 3 else {
            #expect(secureCode { _ = try sum.open(came) } == "threshold")
            refused += 1
            continue
          }
          #expect(try sum.open(came.reversed()) == cohort.plain(living))
          opened += 1
        }
      }
    }
    print("\(opened) sums opened, \(refused) refused")
    #expect(opened == 1 * 16 * 16 + 5 * 5 * 5 + 10 * 1 * 1)
  }

  @Test func `sums are exact at every width, the largest values of all nodes included`() throws {
    let seed: UInt64 = 0x5EC0_0006
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    let limits: [(weight: UInt32, delta: UInt32, bytes: Int)] = [
      (1, 1, 1), (1, 31, 1), (1, 32, 2), (1, 8_191, 2), (1, 8_192, 3), (1, 65_535, 3),
      (500, 65_535, 4), (60_000, 65_535, 5), (20_000_000, 65_535, 6), (.max, 65_535, 7),
    ]
    for limit in limits {
      var cohort = try SecureCohort(
        4, threshold: 3, weightMax: limit.weight, deltaMax: limit.delta, layers: [5, 0, 40],
        random: &random)
      #expect(cohort.roster.wordBytes == limit.bytes)
      for isLargest in [false, true] {
        if isLargest {
          cohort.weights = cohort.weights.map { _ in limit.weight }
          let top = Int32(limit.delta)
          cohort.deltas = cohort.deltas.map { _ in
            [[top, top, -top, -top, 0], [], [Int32](repeating: -top, count: 40)]
          }
        }
        var masked = cohort
        let inputs = try (0..<4).map { try masked.mask($0, of: [0, 1, 2, 3]) }
        #expect(inputs[0].words.count == 46 * limit.bytes)
        let living = [0, 1, 3]
        let sum = try cohort.sum(inputs: living.map { inputs[$0] }, of: [0, 1, 2, 3])
        let answers = try living.map { try masked.answer($0, sum.question, of: [0, 1, 2, 3]) }
        #expect(try sum.open(answers) == cohort.plain(living))
      }
    }
  }

  @Test func `a share changed by its holder is refused by name, and the others still do`() throws {
    var random = SplitMix(state: 11)
    var cohort = try SecureCohort(5, threshold: 3, random: &random)
    let all = [0, 1, 2, 3, 4]
    let inputs = try [0, 1, 2, 3].map { try cohort.mask($0, of: all) }
    let sum = try cohort.sum(inputs: inputs, of: all)
    let answers = try all.map { try cohort.answer($0, sum.question, of: all) }
    for owner in all {
      var bytes = answers[2].encoded()
      // Head 6, digest 32, holder and count 2.
      bytes[40 + owner * 32 + 7] ^= 1
      let changed = try SecureAnswer(reading: bytes)
      #expect(
        throws: SecureError.share(owner: "node-\(owner)", holder: "node-2")
      ) { try sum.check(changed) }
      #expect(secureCode { _ = try sum.open([answers[0], changed, answers[1]]) } == "share")
    }
    #expect(try sum.open([answers[0], answers[1], answers[3]]) == cohort.plain([0, 1, 2, 3]))
    #expect(
      secureCode { _ = try sum.open([answers[0], answers[0], answers[1]]) } == "foreign")
  }

  @Test func `an owner that shares another secret than its own is found out`() throws {
    var random = SplitMix(state: 12)
    var cohort = try SecureCohort(4, threshold: 3, random: &random)
    let all = [0, 1, 2, 3]
    let living = [0, 1, 2]
    let inputs = try living.map { try cohort.mask($0, of: all) }
    let sum = try cohort.sum(inputs: inputs, of: all)
    let answers = try living.map { try cohort.answer($0, sum.question, of: all) }
    // Node 1 tells of node 0's shares as its own, and the holders answer with these.
    let copied = [UInt8](cohort.shared[0].encoded()[40...])
    cohort.shared[1] = try SecureShares(reading: cohort.shared[1].encoded()[..<40] + copied)
    let lying = try cohort.sum(inputs: inputs, of: all)
    let changed = try answers.map {
      var bytes = $0.encoded()
      bytes.replaceSubrange(72..<104, with: Array(bytes[40..<72]))
      return try SecureAnswer(reading: bytes)
    }
    #expect(throws: SecureError.secret(owner: "node-1")) { try lying.open(changed) }
    #expect(throws: Never.self) { try sum.open(answers) }
  }

  @Test func `a dead owner that shared another key than its own is found out`() throws {
    var random = SplitMix(state: 16)
    var cohort = try SecureCohort(5, threshold: 3, random: &random)
    let all = [0, 1, 2, 3, 4]
    let inputs = try all.map { try cohort.mask($0, of: all) }
    // What the holders would answer if node 0 were dead, and if node 4 is.
    let keys = try [Array(inputs[1...]), Array(inputs[..<4])].map { arrived in
      let sum = try cohort.sum(inputs: arrived, of: all)
      var asked = cohort
      return try [1, 2, 3].map { try asked.answer($0, sum.question, of: all) }
    }
    // Node 4 tells of node 0's shares as its own, and the holders answer with these.
    let copied = [UInt8](cohort.shared[0].encoded()[40...])
    cohort.shared[4] = try SecureShares(reading: cohort.shared[4].encoded()[..<40] + copied)
    let lying = try cohort.sum(inputs: Array(inputs[..<4]), of: all)
    let changed = try zip(keys[0], keys[1]).map { stolen, own in
      var bytes = own.encoded()
      bytes.replaceSubrange(168..<200, with: stolen.encoded()[40..<72])
      return try SecureAnswer(reading: bytes)
    }
    #expect(throws: SecureError.secret(owner: "node-4")) { try lying.open(changed) }
  }

  @Test func `values nobody may have sent are seen in the sum`() throws {
    var random = SplitMix(state: 13)
    var cohort = try SecureCohort(3, threshold: 2, random: &random)
    let all = [0, 1, 2]
    var inputs = try all.map { try cohort.mask($0, of: all) }
    var bytes = inputs[1].encoded()
    // The top byte of the first element.
    bytes[bytes.count - 5 * cohort.roster.wordBytes + cohort.roster.wordBytes - 1] ^= 0x40
    inputs[1] = try SecureInput(reading: bytes)
    let sum = try cohort.sum(inputs: inputs, of: all)
    let answers = try all.map { try cohort.answer($0, sum.question, of: all) }
    #expect(secureCode { _ = try sum.open(answers) } == "sum")
  }

  @Test func `inputs of another length, cohort or set of masks are refused`() throws {
    var random = SplitMix(state: 14)
    let cohort = try SecureCohort(4, threshold: 3, random: &random)
    let all = [0, 1, 2, 3]
    var (one, other) = (cohort, cohort)
    var inputs = try all.map { try one.mask($0, of: all) }
    let mixed = try other.mask(3, of: [1, 2, 3])
    #expect(
      secureCode { _ = try cohort.sum(inputs: inputs.dropLast() + [mixed], of: all) } == "foreign")
    #expect(
      secureCode { _ = try cohort.sum(inputs: inputs + [inputs[0]], of: all) } == "foreign")
    #expect(secureCode { _ = try cohort.sum(inputs: inputs, of: [0, 1, 2]) } == "foreign")
    inputs[0] = try SecureInput(reading: inputs[0].encoded().dropLast())
    #expect(secureCode { _ = try cohort.sum(inputs: inputs, of: all) } == "format")
  }

  @Test func `a total moves the base as the average of the plain updates does`() throws {
    var random = SplitMix(state: 15)
    let cohort = try SecureCohort(5, threshold: 3, deltaMax: 9_000, random: &random)
    let base: [[Int16]] = [[0, 32_000, -32_000], [7, -7]]
    let bounds: [ClosedRange<Int16>] = [-32_768...32_767, -100...100]
    let merged = try FederatedAverage.merge(
      base: base, updates: zip(cohort.weights, cohort.deltas).map { ($0, $1) }, bounds: bounds)
    #expect(cohort.plain([0, 1, 2, 3, 4]).applied(to: base, bounds: bounds) == merged)
  }
}
