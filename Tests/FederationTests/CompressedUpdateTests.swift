import Federation
import Testing

@Suite struct CompressedUpdateTests {
  static let base = [UInt8](repeating: 7, count: 32)

  private static func update(_ layers: [LayerDelta.Values]) -> ModelUpdate {
    ModelUpdate(
      base: base, samples: 1, correct: 0,
      layers: layers.enumerated().map {
        LayerDelta(layer: UInt32($0.offset), exponent: 0, values: $0.element)
      })
  }

  static var sample: ModelUpdate {
    update([
      .int8(scale: 3, [1, -128, 127]),
      .sparse(SparseElements(count: 50, indices: [0, 7, 8, 49], values: .int16([5, -6, 0, 7]))),
      .sparse(SparseElements(count: 9, indices: [8], values: .int32([70_000]))),
      .sparse(SparseElements(count: 1_000, indices: [1, 900], values: .int8(scale: 2, [1, -1]))),
      .sign(scale: 9, [true, false, true, true, false, false, false, false, true]),
      .int16([1, 2]), .float32([1.5]),
      .sparse(SparseElements(count: 0, indices: [], values: .int16([]))),
    ])
  }

  private func isRefused(_ bytes: [UInt8]) -> Bool {
    do throws(UpdateError) {
      _ = try ModelUpdate(reading: bytes)
      return false
    } catch {
      return error.code == "format"
    }
  }

  @Test func `every form reads back, and only compressed layers ask for format 2`() throws {
    #expect(try ModelUpdate(reading: Self.sample.encoded()) == Self.sample)
    #expect(Self.sample.encoded()[4] == 2)
    #expect(Self.update([.int16([1]), .int32([1]), .float32([1])]).encoded()[4] == 1)
  }

  @Test func `the bytes of a sparse layer are those documented`() {
    let update = Self.update([
      .sparse(SparseElements(count: 50, indices: [3, 7], values: .int8(scale: 2, [1, -1])))
    ])
    // Gaps 3 and 3, both 01 and 1 after 1 >> 1 zeros: 0, 1, 1 each at r = 1.
    let expected: [UInt8] =
      [0, 0, 0, 0, 50, 0, 0, 0, 4, 0, 0, 0, 11, 0, 0, 0]
      + [2, 0, 0, 0, 2, 0, 3, 1] + [0b110110] + [1, 0xFF]
    #expect(Array(update.encoded()[52...]) == expected)
  }

  @Test func `the bytes of bytes and of signs are those documented`() {
    let update = Self.update([.int8(scale: 258, [-2]), .sign(scale: 5, [false, true, true])])
    let expected: [UInt8] =
      [0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0]
      + [1, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0] + [2, 1, 0xFE] + [5, 0, 0b110]
    #expect(Array(update.encoded()[52...]) == expected)
  }

  @Test func `a truncation at any length and one byte too many are refused`() {
    let bytes = Self.sample.encoded()
    for length in 0..<bytes.count { #expect(isRefused(Array(bytes[..<length]))) }
    #expect(isRefused(bytes + [0]))
  }

  @Test func `a changed byte never traps, and what still reads has no other form`() throws {
    let bytes = Self.sample.encoded()
    for index in bytes.indices {
      for value in UInt8.min...UInt8.max {
        var changed = bytes
        changed[index] = value
        guard !isRefused(changed) else { continue }
        #expect(try ModelUpdate(reading: changed).encoded() == changed)
      }
    }
  }

  @Test func `random bytes behind a sound header never trap`() throws {
    let seed: UInt64 = 0xF022
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    let header = Array(Self.sample.encoded()[..<48])
    var read = 0
    for _ in 0..<20_000 {
      let payload = Int.random(in: 0...40, using: &random)
      var bytes = header + [1, 0, 0, 0]
      bytes += [0, 0, 0, 0, UInt8.random(in: 0...40, using: &random), 0, 0, 0]
      bytes += [UInt8.random(in: 3...5, using: &random), 0, 0, 0, UInt8(payload), 0, 0, 0]
      bytes += (0..<payload).map { _ in
        let byte = UInt8.random(in: 0...255, using: &random)
        return Bool.random(using: &random) ? byte : byte & 3
      }
      guard !isRefused(bytes) else { continue }
      read += 1
      #expect(try ModelUpdate(reading: bytes).encoded() == bytes)
    }
    #expect(read > 20)
  }

  @Test func `dense layers in format 2 are refused, for they have a form in format 1`() {
    var bytes = Self.update([.sign(scale: 1, [])]).encoded()
    #expect(!isRefused(bytes))
    bytes[60] = 0
    bytes.removeLast(2)
    bytes[64] = 0
    #expect(isRefused(bytes))
  }

  @Test func `a scale of zero or past the limit is refused`() {
    for scale: UInt16 in [1, 516] {
      #expect(!isRefused(Self.update([.int8(scale: scale, [1])]).encoded()))
    }
    for scale: UInt16 in [0, 517] {
      #expect(isRefused(Self.update([.int8(scale: scale, [1])]).encoded()))
      let sparse = SparseElements(count: 2, indices: [0], values: .int8(scale: scale, [1]))
      #expect(isRefused(Self.update([.sparse(sparse)]).encoded()))
    }
  }

  @Test func `indices past the layer and padding that is not zero are refused`() {
    let bytes = Self.update([
      .sparse(SparseElements(count: 8, indices: [7], values: .int8(scale: 1, [1])))
    ]).encoded()
    #expect(!isRefused(bytes))
    var short = bytes
    short[56] = 7
    #expect(isRefused(short))
    let signs = Self.update([.sign(scale: 1, [true, false, true])]).encoded()
    var padded = signs
    padded[signs.count - 1] |= 0x80
    #expect(!isRefused(signs))
    #expect(isRefused(padded))
  }

  /// A hundred bytes must not promise gigabytes.
  @Test func `a sparse layer of huge count reads cheaply and is refused before it is spread out`()
    throws
  {
    let many = ModelUpdate.elementsMax
    let bomb = Self.update([
      .sparse(SparseElements(count: many, indices: [1], values: .int16([1])))
    ]).encoded()
    let update = try ModelUpdate(reading: bomb)
    let bounds = UpdateBounds(
      base: Self.base, shape: [LayerShape(layer: 0, count: 4, exponent: 0)], samplesOffered: 1)
    #expect(throws: UpdateError.self) { try update.validate(against: bounds) }
    let twice = Self.update([
      .sparse(SparseElements(count: many, indices: [1], values: .int16([1]))),
      .sparse(SparseElements(count: 1, indices: [0], values: .int16([1]))),
    ]).encoded()
    #expect(isRefused(twice))
  }

  @Test func `a residual that is cut, changed or not whole is refused`() throws {
    let residual = try Self.update([.int16([5, 600]), .int32([70_000])])
      .compressed(.sign, seed: 0).residual
    let bytes = residual.encoded()
    #expect(try UpdateResidual(reading: bytes) == residual)
    for length in 0..<bytes.count {
      #expect(throws: UpdateError.self) { try UpdateResidual(reading: Array(bytes[..<length])) }
    }
    for (index, value) in [(0, 0), (4, 2), (20, 2), (20, 5)] as [(Int, UInt8)] {
      var changed = bytes
      changed[index] = value
      #expect(throws: UpdateError.self) { try UpdateResidual(reading: changed) }
    }
  }
}
