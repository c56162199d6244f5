import Federation
import Testing

@Suite struct SecureMaskTests {
  private func masked(
    _ roots: [[UInt8]], round: UInt32 = 1, weightMax: UInt32 = 1, deltaMax: UInt32 = 31,
    layers: [UInt32]
  ) throws -> [SecureInput] {
    var nodes = roots.enumerated().map {
      SecureParticipant(
        round: SecureRound(job: "j", round: round, attempt: 1), node: "n\($0.offset)",
        root: $0.element)
    }
    let roster = try SecureCohort.roster(
      nodes, threshold: 2, weightMax: weightMax, deltaMax: deltaMax, layers: layers)
    var shared: [SecureShares] = []
    for index in nodes.indices { shared.append(try nodes[index].share(roster)) }
    return try nodes.indices.map { index in
      try nodes[index].mask(
        base: SecureCohort.base, weight: 1,
        deltas: layers.map { [Int32](repeating: 0, count: Int($0)) }, roster: roster,
        delivery: try SecureDelivery(shared, to: index, roster: roster))
    }
  }

  private func roots(_ count: Int) -> [[UInt8]] { (0..<count).map(SecureCohort.root) }

  /// Flower draws masks below the top value, so they are not uniform modulo the power of two.
  @Test func `masks of equal values are uniform, zero and the top value included`() throws {
    for (weightMax, deltaMax, bytes) in [(1, 31, 1), (1_000, 65_535, 4)] as [(UInt32, UInt32, Int)]
    {
      let inputs = try masked(
        roots(3), weightMax: weightMax, deltaMax: deltaMax, layers: [100_000])
      for input in inputs {
        #expect(input.words.count == 100_001 * bytes)
        var counts = [Double](repeating: 0, count: 256)
        for index in stride(from: bytes - 1, to: input.words.count, by: bytes) {
          counts[Int(input.words[index])] += 1
        }
        let expected = 100_001.0 / 256
        let chiSquare = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
        print("chi-square \(chiSquare) at 255 degrees, \(bytes) bytes")
        // 255 degrees: mean 255, standard deviation 22.6; 380 is past 5.5 of them, and so is 150
        // below, which would be too even.
        #expect((150...380).contains(chiSquare))
        #expect(counts[0] > 0 && counts[255] > 0)
      }
    }
  }

  @Test func `the words of a node are not those of another, of another round, or repeated`() throws
  {
    let layers: [UInt32] = [20_000]
    let inputs = try masked(roots(3), layers: layers) + masked(roots(3), round: 2, layers: layers)
    for one in inputs.indices {
      for other in inputs.indices where other != one {
        let same = zip(inputs[one].words, inputs[other].words).filter { $0.0 == $0.1 }.count
        // 20,001 / 256 = 78 by chance, give or take 8.8.
        #expect(same < 130)
      }
      // Blocks of 16,384 bytes of the keystream do not repeat.
      let words = inputs[one].words
      let again = zip(words, words.dropFirst(16_384)).filter { $0 == $1 }.count
      #expect(again < 45)
    }
  }

  /// Flower folds the shared secret to 32 bits, so that 2^32 trials open any mask.
  @Test func `secrets that agree when folded to 32 bits give unlike keys and masks`() throws {
    var folded = roots(3)
    // One bit in each of two 32-bit words: their exclusive or is as before.
    folded[0][1] ^= 1
    folded[0][5] ^= 1
    let layers: [UInt32] = [20_000]
    let (one, other) = (try masked(roots(3), layers: layers), try masked(folded, layers: layers))
    for (left, right) in zip(one, other) {
      let same = zip(left.words, right.words).filter { $0 == $1 }.count
      #expect(same < 130)
    }
    let round = SecureRound(job: "j", round: 1, attempt: 1)
    let keys = [SecureCohort.root(0), folded[0]].map {
      SecureParticipant(round: round, node: "n0", root: $0).advert
    }
    #expect(keys[0].maskKey != keys[1].maskKey && keys[0].shareKey != keys[1].shareKey)
    #expect(keys[0].selfMask != keys[1].selfMask)
  }

  @Test func `messages are read back, and cut or changed ones never trap`() throws {
    var random = SplitMix(state: 21)
    var cohort = try SecureCohort(3, threshold: 2, random: &random)
    let all = [0, 1, 2]
    let inputs = try [0, 1].map { try cohort.mask($0, of: all) }
    let question = try SecureRequest(inputs: inputs, roster: cohort.roster)
    let answer = try cohort.answer(0, question, of: all)
    try expectForm(cohort.nodes[0].advert.encoded()) { try SecureAdvert(reading: $0).encoded() }
    try expectForm(cohort.roster.encoded()) { try SecureRoster(reading: $0).encoded() }
    try expectForm(cohort.shared[1].encoded()) { try SecureShares(reading: $0).encoded() }
    try expectForm(cohort.delivery(to: 1, of: all).encoded()) {
      try SecureDelivery(reading: $0).encoded()
    }
    try expectForm(question.encoded()) { try SecureRequest(reading: $0).encoded() }
    try expectForm(answer.encoded()) { try SecureAnswer(reading: $0).encoded() }
    try expectForm(cohort.nodes[0].record.encoded()) { try SecureRecord(reading: $0).encoded() }
    // The words of an input reach to its end, so a cut there is found by the sum.
    try expectForm(inputs[0].encoded(), fixed: 43) { try SecureInput(reading: $0).encoded() }
  }

  private func expectForm(
    _ bytes: [UInt8], fixed: Int? = nil, _ again: ([UInt8]) throws -> [UInt8]
  ) throws {
    #expect(try again(bytes) == bytes)
    for length in 0..<(fixed ?? bytes.count) {
      #expect(secureCode { _ = try again(Array(bytes[..<length])) } == "format")
    }
    if fixed == nil { #expect(secureCode { _ = try again(bytes + [0]) } == "format") }
    for index in bytes.indices {
      for value: UInt8 in [0, 1, 2, 0x7F, 0xFF] {
        var changed = bytes
        changed[index] = value
        let code = secureCode {
          let read = try again(changed)
          #expect(read == changed)
        }
        #expect(code == nil || code == "format")
      }
    }
  }
}
