import CompiledModel
import Federation
import FleetCore
import FleetProtocol
import Testing
import Workbench

/// What a hostile node may send: each has its code at the door, and none moves the model, not even
/// where it were sealed.
@Suite struct AdversarialUpdateTests {
  private let published: PublishedModel
  private let base: ModelRecord

  init() throws {
    published = try PublishedModel()
    base = try published.record(published.manifest())
  }

  private static let offered: UInt32 = 20

  private var shape: [LayerShape] { UpdateDoor.shape(of: published.model) }

  /// An honest update with one thing changed.
  private func update(
    samples: UInt32 = offered, correct: UInt32 = 3, base: [UInt8]? = nil,
    _ change: (inout [LayerDelta]) -> Void = { _ in }
  ) -> [UInt8] {
    var layers = shape.map { layer in
      LayerDelta(
        layer: layer.layer, exponent: layer.exponent,
        deltas: (0..<layer.count).map { Int32($0 % 7) - 3 })
    }
    change(&layers)
    return ModelUpdate(
      base: base ?? self.base.digest.bytes, samples: samples, correct: correct, layers: layers
    ).encoded()
  }

  private func floats(_ value: Float, at place: Int) -> [UInt8] {
    update { layers in
      var values = [Float](repeating: 0.5, count: layers[0].values.count)
      values[place] = value
      layers[0].values = .float32(values)
    }
  }

  /// One case: what it is, its bytes, and its code.
  private struct Case {
    let what: String
    let bytes: [UInt8]
    let code: String
  }

  /// Elements that are no numbers, or far beyond the width of a weight.
  private func elements() -> [Case] {
    let count = shape[0].count
    func whole(_ values: LayerDelta.Values) -> [UInt8] { update { $0[0].values = values } }
    let largest = [Int32](repeating: .max, count: count)
    let least = [Int32](repeating: .min, count: count)
    let beyond = [FederatedAverage.deltaMax + 1] + [Int32](repeating: 0, count: count - 1)
    let bytes = LayerDelta.Values.int8(scale: .max, [Int8](repeating: .min, count: count))
    return [
      Case(what: "NaN", bytes: floats(.nan, at: 0), code: "non-finite"),
      Case(what: "signalling", bytes: floats(.signalingNaN, at: count - 1), code: "non-finite"),
      Case(what: "infinity", bytes: floats(.infinity, at: 1), code: "non-finite"),
      Case(what: "-infinity", bytes: floats(-.infinity, at: 1), code: "non-finite"),
      Case(what: "1e30", bytes: floats(1e30, at: 2), code: "weight-range"),
      Case(what: "a huge norm", bytes: whole(.int32(largest)), code: "weight-range"),
      Case(what: "a huge norm down", bytes: whole(.int32(least)), code: "weight-range"),
      Case(what: "one beyond", bytes: whole(.int32(beyond)), code: "weight-range"),
      Case(what: "scaled bytes", bytes: whole(bytes), code: "format"),
    ]
  }

  /// A count is a whole number of 32 bits: other numbers arrive as their bits.
  private func headers() -> [Case] {
    let other = [UInt8](repeating: 9, count: 32)
    let earlier = Array(base.digest.bytes.reversed())
    var cases = [
      Case(what: "another base", bytes: update(base: other), code: "base-digest"),
      Case(what: "of another round", bytes: update(base: earlier), code: "base-digest"),
    ]
    let counts: [UInt32] = [
      0, 1, Self.offered + 1, Float(1e30).bitPattern, Float.nan.bitPattern,
      UInt32(bitPattern: -20), .max,
    ]
    for samples in counts {
      cases.append(
        Case(
          what: "\(samples) samples", bytes: update(samples: samples, correct: 0),
          code: "sample-count"))
    }
    cases.append(
      Case(what: "hits", bytes: update(correct: Self.offered + 1), code: "sample-count"))
    return cases
  }

  private func shapes() -> [Case] {
    let exponent = update { layers in
      layers[0] = LayerDelta(
        layer: layers[0].layer, exponent: layers[0].exponent &+ 1, values: layers[0].values)
    }
    return [
      Case(what: "a layer too few", bytes: update { $0.removeLast() }, code: "shape"),
      Case(what: "a layer twice", bytes: update { $0.append($0[0]) }, code: "shape"),
      Case(what: "another order", bytes: update { $0.reverse() }, code: "shape"),
      Case(what: "broadcast", bytes: update { $0[0].values = .int16([1]) }, code: "shape"),
      Case(what: "another exponent", bytes: exponent, code: "shape"),
    ]
  }

  /// Every form is cut short at many lengths, and a whole one has bytes behind it.
  private func forms() throws -> [Case] {
    var cases: [Case] = []
    let honest = try ModelUpdate(reading: update())
    let compressions: [UpdateCompression] = [
      .dense, .int8, .sign, .topK(perMille: 50, bytes: false), .topK(perMille: 50, bytes: true),
    ]
    for compression in compressions {
      let sent = try honest.compressed(compression, residual: nil, seed: 1).sent.encoded()
      #expect(judged(sent) == .valid)
      for length in stride(from: 0, to: sent.count, by: max(1, sent.count / 200)) {
        cases.append(
          Case(
            what: "\(compression), \(length) bytes", bytes: Array(sent[..<length]),
            code: "format"))
      }
      cases.append(Case(what: "\(compression) and more", bytes: sent + [0], code: "format"))
      cases.append(
        Case(what: "another magic", bytes: [0] + Array(sent.dropFirst()), code: "format"))
    }
    return cases
  }

  private func judged(_ bytes: [UInt8]) -> UploadOutcome {
    UpdateDoor.judge(
      bytes,
      UploadCheck(
        digest: base.digest, size: UInt64(bytes.count), samples: Self.offered, base: base.digest),
      shape: shape)
  }

  private func merged(_ updates: [[UInt8]]) throws(AggregationRefusal) -> [[Int16]] {
    guard let job = Identifier("learn") else { preconditionFailure("`learn` is no name") }
    let order = AggregationOrder(
      key: RoundKey(job: job, round: 1, attempt: 1), sealedHash: base.digest, base: base,
      published: base.digest,
      updates: updates.indices.map { place in
        guard let node = Identifier("node-\(place)") else { preconditionFailure("no name") }
        return SealedEntry(node: node, digest: base.digest, samples: Self.offered)
      })
    return try RoundAggregator(federationKeys: [published.federation]).aggregate(
      order, base: published.bytes, published: (published.manifest(), published.bytes),
      updates: updates.map { UpdateBytes($0) }, at: published.now
    ).model.learnedState
  }

  @Test func `each is refused with its code, and an honest one is not`() throws {
    #expect(judged(update()) == .valid)
    for hostile in elements() + headers() + shapes() + (try forms()) {
      guard case .refused(let found, let detail) = judged(hostile.bytes) else {
        Issue.record("\(hostile.what) was taken")
        continue
      }
      #expect(found == hostile.code && !detail.isEmpty, "\(hostile.what): \(detail)")
    }
  }

  @Test func `a sealed set with one of them gives no model at all`() throws {
    #expect(try merged([update(), update()]) != published.model.learnedState)
    let headers = headers().filter { $0.what != "1 samples" }
    for hostile in elements() + headers + shapes() + [Case(what: "", bytes: [], code: "")] {
      #expect(throws: AggregationRefusal.self, "\(hostile.what)") {
        try merged([update(), hostile.bytes])
      }
    }
  }
}
