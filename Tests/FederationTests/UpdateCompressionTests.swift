import Federation
import Testing

@Suite struct UpdateCompressionTests {
  static let base = [UInt8](repeating: 9, count: 32)
  static let every: [UpdateCompression] = [
    .dense, .int8, .topK(perMille: 100, bytes: false), .topK(perMille: 250, bytes: true), .sign,
  ]

  private func update(_ layers: [[Int32]]) -> ModelUpdate {
    ModelUpdate(
      base: Self.base, samples: 10, correct: 3,
      layers: layers.enumerated().map {
        LayerDelta(layer: UInt32($0.offset), exponent: -8, deltas: $0.element)
      })
  }

  private func deltas(_ update: ModelUpdate) throws -> [[Int]] {
    try update.layers.map { try $0.integerDeltas().map { Int($0) } }
  }

  private func deltas(_ residual: UpdateResidual) throws -> [[Int]] {
    try residual.layers.map { try $0.integerDeltas().map { Int($0) } }
  }

  private func sum(_ a: [[Int]], _ b: [[Int]]) -> [[Int]] {
    zip(a, b).map { zip($0, $1).map { $0 + $1 } }
  }

  /// Deltas as training makes them: most near zero, a few large.
  private func trained(_ count: Int, _ random: inout SplitMix) -> [Int32] {
    (0..<count).map { _ in
      let size = Int32.random(in: 0...2_000, using: &random)
      return Int.random(in: 0..<10, using: &random) == 0 ? size * 30 : size / 40 - 25
    }
  }

  @Test(arguments: every)
  func `what was left before plus the delta is what is sent plus what is left, over many rounds`(
    compression: UpdateCompression
  ) throws {
    let seed: UInt64 = 0xE44_0001
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    var residual: UpdateResidual?
    for round in 0..<30 {
      let update = update([trained(203, &random), trained(17, &random), [], [0, 0, 0]])
      let before = try residual.map(deltas) ?? deltas(update).map { $0.map { _ in 0 } }
      let result = try update.compressed(compression, residual: residual, seed: UInt64(round))
      #expect(
        try sum(before, deltas(update)) == sum(deltas(result.sent), deltas(result.residual)))
      #expect(try ModelUpdate(reading: result.sent.encoded()) == result.sent)
      #expect(try UpdateResidual(reading: result.residual.encoded()) == result.residual)
      #expect(result.sent.samples == 10 && result.sent.correct == 3)
      // Refused: all of it waits for the next time.
      let returned = try deltas(result.residual.returning(result.sent))
      #expect(returned == sum(before, try deltas(update)))
      let again = try update.compressed(compression, residual: residual, seed: UInt64(round))
      #expect(again == result)
      residual = result.residual
    }
  }

  @Test(arguments: every)
  func `nothing is sent past the round's limit, and the rest waits`(
    compression: UpdateCompression
  ) throws {
    for deltaMax: Int32 in [1, 100, 127, 1_000, 65_535] {
      let update = update([[65_535, -65_535, 3, 0], [-70_000, 70_000]])
      let result = try update.compressed(compression, seed: 1, deltaMax: deltaMax)
      let bounds = UpdateBounds(
        base: Self.base,
        shape: [
          LayerShape(layer: 0, count: 4, exponent: -8),
          LayerShape(layer: 1, count: 2, exponent: -8),
        ], samplesOffered: 10, deltaMax: deltaMax)
      let sent = try result.sent.validate(against: bounds).map { $0.map { Int($0) } }
      #expect(try sum(sent, deltas(result.residual)) == deltas(update))
    }
  }

  @Test func `a byte an element is right on average, by one scale at most wrong`() throws {
    let wanted: [Int32] = [12_700, -12_700, 1, -1, 50, -50, 99, 101, 6_333, -6_333]
    var totals = [Int](repeating: 0, count: wanted.count)
    let draws = 20_000
    for seed in 0..<draws {
      let sent = try update([wanted]).compressed(.int8, seed: UInt64(seed)).sent
      guard case .int8(let scale, _) = sent.layers[0].values else {
        Issue.record("\(sent.layers[0].values)")
        return
      }
      #expect(scale == 100)
      for (index, value) in try deltas(sent)[0].enumerated() {
        #expect(abs(value - Int(wanted[index])) < 100)
        totals[index] += value
      }
    }
    for (total, wanted) in zip(totals, wanted) {
      // One draw deviates by at most 50, so the mean of 20,000 by 0.36; five times that.
      #expect(abs(Double(total) / Double(draws) - Double(wanted)) < 1.8)
    }
  }

  @Test func `a byte an element loses nothing up to 127 steps`() throws {
    let update = update([[127, -127, 0, 5, -126]])
    let result = try update.compressed(.int8, seed: 4)
    #expect(try deltas(result.sent) == deltas(update))
  }

  @Test func `the largest elements of each layer go, of equal ones the first, and no zeros`() throws
  {
    let sent = try update([[3, -9, 3, 0, 9, 3, 0, 0, 1, -3], [0, 0, 2]])
      .compressed(.topK(perMille: 400, bytes: false), seed: 0).sent
    #expect(try deltas(sent) == [[3, -9, 3, 0, 9, 0, 0, 0, 0, 0], [0, 0, 2]])
    guard case .sparse(let elements) = sent.layers[0].values else {
      Issue.record("\(sent.layers[0].values)")
      return
    }
    #expect(elements.indices == [0, 1, 2, 4])
    #expect(elements.values == .int16([3, -9, 3, 9]))
  }

  @Test func `a random layer's largest elements are those a sort finds`() throws {
    let seed: UInt64 = 0x709
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    for perMille: UInt16 in [1, 10, 333, 999, 1_000] {
      let values = (0..<997).map { _ in Int32.random(in: -300...300, using: &random) }
      let order = values.indices.sorted {
        (values[$1].magnitude, $0) < (values[$0].magnitude, $1)
      }
      var expected = [Int](repeating: 0, count: values.count)
      for index in order.prefix((values.count * Int(perMille) + 999) / 1_000) {
        expected[index] = Int(values[index])
      }
      let sent = try update([values])
        .compressed(.topK(perMille: perMille, bytes: false), seed: 0).sent
      #expect(try deltas(sent) == [expected])
    }
  }

  @Test func `signs carry the mean size and feed the rest back`() throws {
    let result = try update([[4, -4, 1, 0, -6]]).compressed(.sign, seed: 0)
    #expect(try deltas(result.sent) == [[3, -3, 3, 3, -3]])
    #expect(try deltas(result.residual) == [[1, -1, -2, -3, -3]])
  }

  /// OpenFL's sparse pipeline has no error feedback: small elements are never sent.
  @Test func `with the residual fed back a small steady element arrives in the end`() throws {
    var residual: UpdateResidual?
    var arrived = [Int](repeating: 0, count: 10)
    for round in 0..<200 {
      let result = try update([[100, 10, 10, 10, 10, 10, 10, 10, 10, 10]])
        .compressed(.topK(perMille: 100, bytes: false), residual: residual, seed: UInt64(round))
      arrived = zip(arrived, try deltas(result.sent)[0]).map { $0 + $1 }
      residual = result.residual
    }
    for value in arrived[1...] { #expect(value > 1_500) }
  }

  @Test func `a residual of another shape or past 32 bits is refused by code`() throws {
    let residual = UpdateResidual(shape: [LayerShape(layer: 0, count: 2, exponent: -8)])
    let code = { (update: ModelUpdate, residual: UpdateResidual) -> String? in
      do throws(UpdateError) {
        _ = try update.compressed(.sign, residual: residual, seed: 0)
        return nil
      } catch {
        #expect(!error.description.isEmpty)
        return error.code
      }
    }
    #expect(code(update([[1, 2]]), residual) == nil)
    #expect(code(update([[1, 2, 3]]), residual) == "shape")
    #expect(code(update([[1, 2], [1]]), residual) == "shape")
    let full = try update([[.max, .min]]).compressed(.dense, seed: 0, deltaMax: 1).residual
    #expect(code(update([[.max, 0]]), full) == "residual-range")
  }

  @Test func `the example layer of 784 by 128 and 128 by 10 shrinks as stated`() throws {
    let seed: UInt64 = 0x512E
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    let update = update([trained(784 * 128, &random), trained(1_280, &random)])
    var sizes: [String: Int] = [:]
    let forms: [(String, UpdateCompression)] = [
      ("dense", .dense), ("int8", .int8), ("sign", .sign),
      ("top 10", .topK(perMille: 10, bytes: false)),
      ("top 10 bytes", .topK(perMille: 10, bytes: true)),
      ("top 100 bytes", .topK(perMille: 100, bytes: true)),
    ]
    for (name, compression) in forms {
      sizes[name] = try update.compressed(compression, seed: 1).sent.encoded().count
      print("\(name): \(sizes[name] ?? 0) bytes")
    }
    #expect(sizes["dense"] == 406_604)
    #expect(sizes["int8"] == 101_720)
    #expect(sizes["sign"] == 12_792)
    let (exact, bytes) = (sizes["top 10"] ?? 0, sizes["top 10 bytes"] ?? 0)
    // 1,017 elements: about 8.1 bits an index, 4 bytes or 1 an element.
    #expect((5_080...5_300).contains(exact))
    #expect((2_030...2_250).contains(bytes))
  }
}
