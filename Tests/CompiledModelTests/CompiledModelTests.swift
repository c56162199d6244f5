import CompiledModel
import Testing

/// The file: round trip, damage, and what its digests cover.
@Suite struct CompiledModelTests {
  private let model = ModelFixture.model

  @Test func `what is written is read`() throws {
    try model.validate()
    let bytes = model.encoded()
    let read = try CompiledModel(reading: bytes)
    #expect(read == model)
    #expect(read.encoded() == bytes)
    #expect(read.prices.digest == model.prices.digest)
  }

  @Test func `weights of each layer start on a chunk boundary`() {
    let bytes = model.encoded()
    #expect(bytes.count == 2 * ChipArithmetic.chunkBytes + 8)
    // -2000 as the first learning weight, 10 as the first fixed one.
    #expect(Array(bytes[65536..<65538]) == [0x30, 0xF8])
    #expect(bytes[131_072] == 10)
  }

  @Test func `a file cut at any length is refused`() {
    var bytes = model.encoded()
    while !bytes.isEmpty {
      bytes.removeLast()
      #expect(throws: ModelError.self, "\(bytes.count) bytes") {
        _ = try CompiledModel(reading: bytes)
      }
    }
  }

  /// Lengths in the header are mended, so that the cut reaches the sections' own readers.
  @Test func `a cut that the header admits to is refused`() {
    let bytes = model.encoded()
    for length in stride(from: 24, to: 2000, by: 1) {
      var cut = Array(bytes[..<length])
      for byte in 0..<8 { cut[16 + byte] = UInt8((length >> (8 * byte)) & 0xFF) }
      #expect(throws: ModelError.self) { _ = try CompiledModel(reading: cut) }
    }
  }

  @Test func `flipped bytes are refused or give another model, and never trap`() {
    let bytes = model.encoded()
    var state: UInt64 = 1
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    for round in 0..<4000 {
      var damaged = bytes
      // Most of the file is padding: aim at the sections.
      for _ in 0...next(3) { damaged[next(1000)] = UInt8(next(256)) }
      guard damaged != bytes else { continue }
      if let read = try? CompiledModel(reading: damaged) {
        #expect(read != model, "round \(round)")
        #expect(read.encoded() == damaged, "round \(round)")
      }
    }
  }

  @Test func `an error names section and field`() {
    var bytes = model.encoded()
    bytes[8] = 9
    let error = #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
    #expect(error?.section == "header")
    #expect(error?.field == "version")
    #expect("\(error as Any)".contains("header.version is 9, expected 1"))
    bytes[8] = 1
    bytes[65535] = 1
    let padding = #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
    #expect(padding?.section == "file")
  }

  @Test func `learning weights leave the structure digest alone, all else changes it`() {
    let weights = [model.plasticWeights[0].map { $0 + 1 }]
    let learnt = model.replacingPlasticWeights(weights)
    #expect(learnt.plasticWeights == weights)
    #expect(learnt != model)
    #expect(learnt.structureDigest == model.structureDigest)
    var other = model
    other.layers[0].connection.exponent = -5
    #expect(other.structureDigest != model.structureDigest)
    other = model
    other.layers[1].connection.weights = .fixed([10, -10, 20, -20, 30, -30, 127, -126])
    #expect(other.structureDigest != model.structureDigest)
    #expect(model.plasticLayers == [0])
    #expect(model.weightBounds(layer: 0) == -32640...32639)
    #expect(model.classes == 2)
  }

  @Test func `a learnt file differs only in the chunk of its layer`() {
    let before = model.encoded()
    let weights = [model.plasticWeights[0].map { $0 + 1 }]
    let after = model.replacingPlasticWeights(weights).encoded()
    let changed = before.indices.filter { before[$0] != after[$0] }
    #expect(!changed.isEmpty)
    #expect(changed.allSatisfy { $0 / ChipArithmetic.chunkBytes == 1 })
  }

  @Test func `inference weights are rounded learning weights`() {
    #expect(ChipArithmetic.inferenceWeight(127) == 0)
    #expect(ChipArithmetic.inferenceWeight(128) == 1)
    #expect(ChipArithmetic.inferenceWeight(-129) == -1)
    #expect(ChipArithmetic.inferenceWeight(.max) == 127)
    #expect(ChipArithmetic.inferenceWeight(.min) == -127)
    #expect(ChipArithmetic.decayed(-8_388_607, by: 4095) == -8_386_559)
    #expect(ChipArithmetic.decayed(1, by: 4095) == 0)
  }
}
