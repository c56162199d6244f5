import Federation
import Testing

@Suite struct ModelUpdateTests {
  static let base = [UInt8](repeating: 7, count: 32)

  static var sample: ModelUpdate {
    ModelUpdate(
      base: base, samples: 400, correct: 321,
      layers: [
        LayerDelta(layer: 0, exponent: -9, deltas: [1, -2, 32_767, -32_768]),
        LayerDelta(layer: 1, exponent: -7, deltas: [40_000, -1]),
        LayerDelta(layer: 2, exponent: 0, values: .float32([0.5, -1.5, 2])),
        LayerDelta(layer: 3, exponent: 1, deltas: []),
      ])
  }

  static var bounds: UpdateBounds {
    UpdateBounds(
      base: base,
      shape: [
        LayerShape(layer: 0, count: 4, exponent: -9), LayerShape(layer: 1, count: 2, exponent: -7),
        LayerShape(layer: 2, count: 3, exponent: 0), LayerShape(layer: 3, count: 0, exponent: 1),
      ], samplesOffered: 400)
  }

  /// The code of the refusal, which is the same whether the update is read whole or by blocks.
  private func code(of update: ModelUpdate, _ bounds: UpdateBounds = Self.bounds) -> String? {
    let scanned = scannedCode(of: update.encoded(), bounds)
    do throws(UpdateError) {
      try update.validate(against: bounds)
      #expect(scanned == nil)
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      #expect(scanned == error.code)
      return error.code
    }
  }

  /// Elements are shown two at a time.
  private func scannedCode(of bytes: [UInt8], _ bounds: UpdateBounds) -> String? {
    do throws(UpdateError) {
      let prefix = Array(bytes.prefix(UpdateOutline.bytesMax))
      guard let outline = try UpdateOutline(reading: prefix, size: bytes.count) else {
        return "compressed"
      }
      try bounds.check(outline)
      var scan = UpdateScan(bounds)
      for layer in outline.layers {
        for start in stride(from: 0, to: layer.shape.count, by: 2) {
          let end = min(start + 2, layer.shape.count)
          let block = Array(bytes[layer.offset(of: start)..<layer.offset(of: end)])
          var failure: UpdateError?
          block.withUnsafeBytes { buffer in
            guard let address = buffer.baseAddress else { return }
            do throws(UpdateError) {
              try scan.take(layer, from: start, count: end - start, at: address)
            } catch {
              failure = error
            }
          }
          if let failure { throw failure }
        }
      }
      try scan.finish()
      return nil
    } catch {
      return error.code
    }
  }

  @Test func `an update reads back as it was written`() throws {
    #expect(try ModelUpdate(reading: Self.sample.encoded()) == Self.sample)
  }

  @Test func `deltas take 16 bits where all of a layer fit, else 32`() {
    #expect(LayerDelta(layer: 0, exponent: 0, deltas: [32_767]).values == .int16([32_767]))
    #expect(LayerDelta(layer: 0, exponent: 0, deltas: [32_768]).values == .int32([32_768]))
    let update = ModelUpdate(
      base: Self.base, samples: 1, correct: 0,
      layers: [LayerDelta(layer: 0, exponent: 0, deltas: [1, 2, 3])])
    #expect(update.encoded().count == ModelUpdate.headerBytes + ModelUpdate.layerBytes + 6)
  }

  @Test func `the bytes are little-endian and in the documented order`() {
    let update = ModelUpdate(
      base: Self.base, samples: 0x0102, correct: 1,
      layers: [LayerDelta(layer: 5, exponent: -1, deltas: [-2])])
    let expected: [UInt8] =
      Array("SPKU".utf8) + [1, 0, 0, 0] + Self.base + [2, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
      + [5, 0, 0, 0, 1, 0, 0, 0, 0, 0xFF, 0, 0] + [0xFE, 0xFF]
    #expect(update.encoded() == expected)
  }

  @Test func `a truncation at any length and one byte too many are refused`() {
    let bytes = Self.sample.encoded()
    for length in 0..<bytes.count {
      #expect(throws: UpdateError.self) { try ModelUpdate(reading: Array(bytes[..<length])) }
      #expect(throws: UpdateError.self) {
        try UpdateOutline(reading: Array(bytes[..<length]), size: length)
      }
    }
    #expect(throws: UpdateError.self) { try ModelUpdate(reading: bytes + [0]) }
    #expect(throws: UpdateError.self) {
      try UpdateOutline(reading: bytes + [0], size: bytes.count + 1)
    }
  }

  @Test func `a changed byte never traps, and magic, version and counts are checked`() {
    let bytes = Self.sample.encoded()
    for index in bytes.indices {
      for value: UInt8 in [0, 1, 0x7F, 0xFF] {
        var changed = bytes
        changed[index] = value
        guard let update = try? ModelUpdate(reading: changed) else { continue }
        _ = code(of: update)
        #expect(update.encoded() == changed)
      }
    }
    for index in [0, 4, 48, 56, 60, 62] {
      var changed = bytes
      changed[index] ^= 0x55
      #expect(throws: UpdateError.self) { try ModelUpdate(reading: changed) }
    }
  }

  @Test func `a sound update passes and gives whole steps, halves to even`() throws {
    let deltas = try Self.sample.validate(against: Self.bounds)
    #expect(deltas == [[1, -2, 32_767, -32_768], [40_000, -1], [0, -2, 2], []])
  }

  @Test func `another base is refused`() {
    var update = Self.sample
    update.base[31] ^= 1
    #expect(code(of: update) == "base-digest")
  }

  @Test func `another shape is refused and never broadcast`() {
    var update = Self.sample
    update.layers.removeLast()
    #expect(code(of: update) == "shape")
    update = Self.sample
    update.layers[1].values = .int32([1])
    #expect(code(of: update) == "shape")
    update = Self.sample
    update.layers[1].exponent = 0
    #expect(code(of: update) == "shape")
    update = Self.sample
    update.layers[1].layer = 0
    #expect(code(of: update) == "shape")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a delta that is not finite is refused`(value: Float) {
    var update = Self.sample
    update.layers[2].values = .float32([0, value, 0])
    #expect(code(of: update) == "non-finite")
  }

  @Test func `a delta one past the limit is refused`() {
    var bounds = Self.bounds
    bounds.deltaMax = 40_000
    #expect(code(of: Self.sample, bounds) == nil)
    bounds.deltaMax = 39_999
    #expect(code(of: Self.sample, bounds) == "weight-range")
    var update = Self.sample
    update.layers[1].values = .int32([.min, 0])
    #expect(code(of: update) == "weight-range")
    update = Self.sample
    update.layers[2].values = .float32([1e30, 0, 0])
    #expect(code(of: update) == "weight-range")
  }

  @Test func `an update longer than the norm allows is refused`() {
    let update = ModelUpdate(
      base: Self.base, samples: 1, correct: 0,
      layers: [LayerDelta(layer: 0, exponent: 0, deltas: [3, -4])])
    var bounds = UpdateBounds(
      base: Self.base, shape: [LayerShape(layer: 0, count: 2, exponent: 0)], samplesOffered: 1,
      normMax: 5)
    #expect(code(of: update, bounds) == nil)
    bounds.normMax = 4.999
    #expect(code(of: update, bounds) == "norm")
  }

  @Test func `a sample count beyond the offer, of zero or unlike the announced is refused`() {
    var update = Self.sample
    update.samples = 401
    #expect(code(of: update) == "sample-count")
    update.samples = 0
    update.correct = 0
    #expect(code(of: update) == "sample-count")
    update.samples = 320
    update.correct = 321
    #expect(code(of: update) == "sample-count")
    var bounds = Self.bounds
    bounds.samplesAnnounced = 399
    #expect(code(of: Self.sample, bounds) == "sample-count")
    bounds.samplesAnnounced = 400
    #expect(code(of: Self.sample, bounds) == nil)
  }
}
