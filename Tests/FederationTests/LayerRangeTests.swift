import Federation
import Testing

/// Neighbouring elements of a layer are the same whether read alone or with all others.
@Suite struct LayerRangeTests {
  private static let forms: [LayerDelta.Values] = [
    .int16([3, -7, 0, 12, 5, -1]), .int32([70_000, -7, 0, 12, -65_535, 1]),
    .int8(scale: 9, [1, -127, 0, 5, 127, -3]),
    .sign(scale: 4, [true, false, false, true, true, false]),
    .sparse(SparseElements(count: 6, indices: [1, 4], values: .int16([-8, 300]))),
    .sparse(SparseElements(count: 6, indices: [0, 5], values: .int8(scale: 3, [2, -2]))),
    .sparse(SparseElements(count: 6, indices: [], values: .int32([]))),
  ]

  @Test(arguments: forms) func `a range is a part of the whole`(values: LayerDelta.Values) throws {
    let whole = try LayerDelta(layer: 0, exponent: 0, values: values).integerDeltas()
    for first in 0...6 {
      for end in first...6 {
        #expect(values.steps(in: first..<end) == Array(whole[first..<end]), "\(first)..<\(end)")
      }
    }
  }
}
