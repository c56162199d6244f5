import CompiledModel
import Testing

/// The file: round trip, layout, and what digests cover.
@Suite struct CompiledModelTests {
  private let model = ModelFixture.model

  @Test(arguments: ModelFixture.allCases)
  func `what is written is read`(fixture: ModelFixture) throws {
    let model = fixture.model
    try model.validate()
    let bytes = model.encoded()
    let read = try CompiledModel(reading: bytes)
    #expect(read == model)
    #expect(read.encoded() == bytes)
    #expect(read.prices.digest == model.prices.digest)
    #expect(read.structureDigest == model.structureDigest)
  }

  @Test func `blocks of each connection start on a chunk boundary`() {
    let bytes = model.encoded()
    #expect(bytes.count == 2 * ChipArithmetic.chunkBytes + 8)
    // -2000 as the first learning weight, 10 as the first fixed one.
    #expect(Array(bytes[65536..<65538]) == [0x30, 0xF8])
    #expect(bytes[131_072] == 10)
    #expect(bytes[2048..<65536].allSatisfy { $0 == 0 })
  }

  @Test func `fixed weights are packed by their precision, lists come before them`() {
    let bytes = ModelFixture.fixedModel.encoded()
    func chunk(_ index: Int, _ count: Int) -> [UInt8] {
      let start = index * ChipArithmetic.chunkBytes
      return Array(bytes[start..<start + count])
    }
    // Every third of 18 weights is 1, the rest -1; six bits are left over.
    #expect(chunk(1, 4) == [0b0100_1001, 0b1001_0010, 0b00, 0])
    // -7, -6, ... two in a byte.
    #expect(chunk(2, 3) == [0xA9, 0xCB, 0xED])
    #expect(chunk(3, 2) == [0x81, 0x8B])
    #expect(chunk(4, 2) == [0xFD, 0])
    // Six starts of rows, then seven targets; their weights follow in a chunk of their own.
    #expect(chunk(5, 8) == [0, 0, 0, 0, 2, 0, 0, 0])
    #expect(chunk(5, 56)[24...].prefix(8) == [0, 0, 0, 0, 4, 0, 0, 0])
    #expect(chunk(6, 5) == [0x97, 0x10, 0x3F, 0x05, 0])
  }

  @Test func `learning weights leave the structure digest alone, all else changes it`() {
    let weights = [model.learnedState[0].map { $0 + 1 }]
    let learnt = model.replacingLearnedState(weights)
    #expect(learnt.learnedState == weights)
    #expect(learnt != model)
    #expect(learnt.structureDigest == model.structureDigest)
    let changes: [(inout CompiledModel) -> Void] = [
      { $0.layers[0].exponent = -5 },
      { $0.layers[0].units.resistance = 2 },
      { $0.layers[0].units.rest = 0.5 },
      { $0.layers[1].units.scales = [0.25] },
      { $0.timeStep = 0.001 },
      { $0.layers[0].connections[0].shift = 1 },
      { $0.layers[1].connections[0].weights = .fixed([10, -10, 20, -20, 30, -30, 127, -126]) },
      { $0.arithmetic.inputShift = 5 },
      { $0.cores[0].column = 2 },
      { $0.input = .bernoulli(seed: 10) },
      { $0.timing = TimingTable(picoseconds: [:], axonInPicoseconds: 0, barriers: []) },
    ]
    for (index, change) in changes.enumerated() {
      var other = model
      change(&other)
      #expect(other.structureDigest != model.structureDigest, "change \(index)")
    }
    let place = CompiledModel.ConnectionIndex(layer: 0, connection: 0)
    #expect(model.plasticConnections == [place])
    #expect(model.weightBounds(of: place) == -32640...32639)
    #expect(model.classes == 2)
  }

  @Test func `lists of a sparse layout and its weights change the structure digest`() {
    let model = ModelFixture.fixedModel
    var other = model
    other.layers[2].connections[0].layout = .sparse(
      rowStarts: [0, 2, 2, 3, 6, 7], targets: [0, 4, 2, 0, 1, 4, 4])
    #expect(other.structureDigest != model.structureDigest)
    other = model
    other.layers[2].connections[0].weights = .fixed([7, -7, 0, 1, -1, 3, 4])
    #expect(other.structureDigest != model.structureDigest)
  }

  @Test func `a learnt file differs only in the chunk of its connection`() {
    let before = model.encoded()
    let weights = [model.learnedState[0].map { $0 + 1 }]
    let after = model.replacingLearnedState(weights).encoded()
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
