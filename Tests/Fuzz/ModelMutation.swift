/// libFuzzer's own change of bytes.
@_silgen_name("LLVMFuzzerMutate")
private func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int) -> Int

/// Most changes keep to one piece and its length: what they give is still a file, and its fields
/// stay where they are.
@_cdecl("LLVMFuzzerCustomMutator")
func mutateModel(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int, _ seed: CUnsignedInt
) -> Int {
  let input = UnsafeBufferPointer(start: bytes, count: count)
  guard count > 0, bytes[0] & 1 == 0, seed % 8 > 0 else { return mutate(bytes, count, most) }
  let places = ModelPieces.places(in: input).filter { !$0.isEmpty }
  guard !places.isEmpty else { return mutate(bytes, count, most) }
  let place = places[Int(seed / 8) % places.count]
  let piece = Array(input[place])
  // Short windows: a change of a whole piece would move everything behind it.
  let width = min(piece.count, [1, 2, 4, 8][Int(seed / 512) % 4])
  let first = place.lowerBound + Int(seed / 2048) % (piece.count - width + 1)
  let kept = Array(input[first..<first + width])
  let left = mutate(bytes + first, width, width)
  for index in left..<max(left, width) { bytes[first + index] = kept[index] }
  return count
}
