import Federation

/// Whatever a node sends as an update is refused with a code, or is finite and within its bounds,
/// and merges into values within the range of the model.
///
/// What a node keeps for its next update is read from the same bytes.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzUpdate(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: input, count: count))
  do throws(UpdateError) {
    let update = try ModelUpdate(reading: bytes)
    let again = try ModelUpdate(reading: update.encoded())
    precondition(again.encoded() == update.encoded(), "an update that is not what it is written as")
    merge(update, try update.validate(against: UpdatePieces.bounds(samples: update.samples)))
    judgeByBlocks(bytes, code: nil)
  } catch {
    precondition(!error.code.isEmpty && !"\(error)".isEmpty, "a refusal without a reason")
    judgeByBlocks(bytes, code: error.code)
  }
  readKept(bytes)
  return 0
}

/// A dense update has the same verdict where its elements are read a block at a time.
private func judgeByBlocks(_ bytes: [UInt8], code: String?) {
  do throws(UpdateError) {
    let prefix = Array(bytes.prefix(UpdateOutline.bytesMax))
    guard let outline = try UpdateOutline(reading: prefix, size: bytes.count) else { return }
    let bounds = UpdatePieces.bounds(samples: outline.samples)
    try bounds.check(outline)
    var scan = UpdateScan(bounds)
    for layer in outline.layers {
      for start in stride(from: 0, to: layer.shape.count, by: 3) {
        let end = min(start + 3, layer.shape.count)
        let block = Array(bytes[layer.offset(of: start)..<layer.offset(of: end)])
        let failure = block.withUnsafeBytes { buffer -> UpdateError? in
          guard let address = buffer.baseAddress else { return nil }
          do throws(UpdateError) {
            try scan.take(layer, from: start, count: end - start, at: address)
          } catch {
            return error
          }
          return nil
        }
        if let failure { throw failure }
      }
    }
    try scan.finish()
    precondition(code == nil, "\(code ?? "") of the whole, and nothing by blocks")
  } catch {
    // Of several wrong elements one may be seen before another.
    let ofElements: Set = ["non-finite", "weight-range"]
    precondition(
      code == error.code || ofElements.isSuperset(of: [code ?? "", error.code]),
      "\(error.code) by blocks, \(code ?? "nothing") of the whole")
  }
}

private func merge(_ update: ModelUpdate, _ deltas: [[Int32]]) {
  precondition((1...UpdatePieces.samples).contains(update.samples), "more samples than offered")
  precondition(deltas.map(\.count) == UpdatePieces.shape.map(\.count), "another shape")
  for delta in deltas.joined() {
    precondition(delta.magnitude <= FederatedAverage.deltaMax.magnitude, "a delta of \(delta)")
  }
  let honest = UpdatePieces.honest
  do throws(AggregationError) {
    let merged = try FederatedAverage.merge(
      base: UpdatePieces.base, updates: [(update.samples, deltas), (10, honest)],
      bounds: UpdatePieces.base.map { _ in -32_512...32_512 })
    for value in merged.joined() {
      precondition((-32_512...32_512).contains(value), "a weight of \(value)")
    }
  } catch {
    preconditionFailure("an update that passed the door and is not merged: \(error)")
  }
}

/// What is left out and what stays on a node are never sent, but read from a disk.
private func readKept(_ bytes: [UInt8]) {
  do throws(UpdateError) {
    let residual = try UpdateResidual(reading: bytes)
    precondition(residual.encoded() == bytes, "a residual of other bytes")
  } catch {
    precondition(!error.code.isEmpty, "a refusal without a code")
  }
  do throws(UpdateError) {
    let local = try LocalLayers(reading: bytes)
    precondition(local.encoded() == bytes, "local layers of other bytes")
  } catch {
    precondition(!error.code.isEmpty, "a refusal without a code")
  }
}
