package import CompiledModel
import Crypto
package import Federation
package import FleetCore
package import FleetProtocol

/// Makes a round's successor model: a pure function of the base, the sealed set and the keys.
///
/// The same order gives the same bytes, signature included, so that a repeat after a crash is
/// harmless. Times of the successor's manifest are therefore those of the published one.
package struct RoundAggregator: Sendable {
  private let federationKeys: [SigningKey]

  /// An aggregator that signs with the coordinator's federation key.
  package init(federationKeys: [SigningKey]) { self.federationKeys = federationKeys }

  /// A successor model, not stored yet.
  package struct Successor: Sendable {
    /// The encoded model.
    package var bytes: [UInt8]
    /// The model itself, for the held-out check.
    package var model: CompiledModel
    /// What it was made from.
    package var base: CompiledModel
    /// Its record, with the signed manifest.
    package var record: ModelRecord
    /// What the strategy keeps for the next round, encoded; nil where it keeps nothing.
    package var serverState: [UInt8]?
    /// Nodes whose update counted for nothing, in node order.
    package var leftOut: [Identifier]
  }

  /// Merges the updates of a sealed set, in node order, by the order's strategy.
  ///
  /// - Parameters:
  ///   - base: bytes of the order's base model.
  ///   - published: the published model's signed manifest and bytes; the permit's largest drift
  ///     is held against its weights.
  ///   - updates: each update, in the order of `order.updates`; read by blocks.
  ///   - state: what the strategy kept of the rounds before, encoded.
  package func aggregate(
    _ order: AggregationOrder, base: [UInt8], published: (manifest: WireManifest, bytes: [UInt8]),
    updates: [any UpdateContent], state: [UInt8]? = nil, at now: Instant
  ) throws(AggregationRefusal) -> Successor {
    precondition(
      updates.count == order.updates.count,
      "\(updates.count) updates for \(order.updates.count) sealed entries")
    let model = try read(base, "base")
    let local = order.merge.keys.sorted().filter { order.merge[$0] == .keepLocal }
    let merged: LearnedMerge
    do throws(AggregationError) {
      merged = try merge(
        order, try sealed(order, updates, model, without: local), into: model, state: state)
    } catch {
      throw AggregationRefusal(code: error.code, detail: "\(error)")
    }
    let kept = limit(
      merged.values, to: try read(published.bytes, "published"),
      drift: published.manifest.permit.maxDrift)
    let successor = model.replacingLearnedState(kept)
    let (bytes, record) = try sign(successor, order, published.manifest, at: now)
    return Successor(
      bytes: bytes, model: successor, base: model, record: record,
      serverState: merged.state == .none ? nil : merged.state.encoded(),
      leftOut: merged.leftOut.map { order.updates[$0].node })
  }

  private func merge(
    _ order: AggregationOrder, _ updates: SealedUpdates, into model: CompiledModel,
    state: [UInt8]?
  ) throws(AggregationError) -> LearnedMerge {
    let plan = try MergePlan(model, order.merge)
    let kept = try state.map { bytes throws(AggregationError) in try ServerState(reading: bytes) }
    guard let privacy = order.privacy else {
      return try LearnedMerge(
        of: updates, into: model, by: order.strategy, plan, state: kept)
    }
    let noisy: UpdateTotal
    let total = try updates.total(clippedTo: privacy.clip, model.learnedBlocks)
    do throws(PrivacyError) {
      noisy = try total.noised(
        clip: privacy.clip, noiseMilli: privacy.noiseMilli, expected: privacy.expected,
        key: privacy.key)
    } catch {
      throw .parameter(name: "privacy", found: "\(error)", expected: "noise that can be drawn")
    }
    return try LearnedMerge(of: noisy, into: model, by: order.strategy, plan, state: kept)
  }

  /// The updates as they are summed, each held against what its node was offered.
  private func sealed(
    _ order: AggregationOrder, _ updates: [any UpdateContent], _ model: CompiledModel,
    without local: [String]
  ) throws(AggregationError) -> SealedUpdates {
    let kept = model.learnedPlaces(of: local)
    let blocks = model.learnedBlocks.count
    var sealed = SealedUpdates(
      places: (0..<blocks).filter { !kept.contains($0) }, of: blocks)
    let shape = UpdateDoor.shape(of: model, without: local)
    for (entry, content) in zip(order.updates, updates) {
      let bounds = UpdateDoor.bounds(
        base: order.base.digest, shape: shape, samples: entry.samples)
      let opened = try OpenedUpdate.open(content)
      do throws(UpdateError) {
        let update = try opened.get()
        // Dense elements were judged before the update counted, and are while they are merged.
        if case .dense(let outline) = update { try bounds.check(outline) }
        if case .compressed(let held) = update { try held.validate(against: bounds) }
        sealed.add(update, in: content, lossMillionths: entry.lossMillionths)
      } catch {
        throw .unreadable(update: sealed.indices.count, detail: "of \(entry.node): \(error)")
      }
    }
    return sealed
  }

  /// Within the permitted drift of the published values, on whole steps of each block.
  private func limit(
    _ state: [[Int16]], to published: CompiledModel, drift: UInt32
  ) -> [[Int16]] {
    zip(published.learnedBlocks, zip(state, published.learnedState)).map { block, values in
      let step = block.step
      let drift = min(Int32(clamping: drift), 65_535) / step
      return zip(values.0, values.1).map { value, origin in
        let distance = Int32(value) - Int32(origin) + step / 2
        let steps = (distance - (distance % step + step) % step) / step
        return Int16(clamping: Int32(origin) + min(max(steps, -drift), drift) * step)
      }
    }
  }

  private func read(_ bytes: [UInt8], _ what: String) throws(AggregationRefusal) -> CompiledModel {
    do {
      return try CompiledModel(reading: bytes)
    } catch {
      throw AggregationRefusal(code: "model-unreadable", detail: "\(what) model: \(error)")
    }
  }

  private func sign(
    _ model: CompiledModel, _ order: AggregationOrder, _ published: WireManifest, at now: Instant
  ) throws(AggregationRefusal) -> (bytes: [UInt8], record: ModelRecord) {
    let bytes = model.encoded()
    var manifest = ModelPublisher.manifest(
      of: model, bytes: bytes, releaseCounter: published.releaseCounter,
      createdMicroseconds: published.createdUs,
      expiresMicroseconds: min(published.expiresUs, published.permit.untilUs), permit: nil)
    manifest.provenance.baseDigest = wireBytes(order.base.digest.bytes)
    manifest.provenance.publishedDigest = wireBytes(order.published.bytes)
    manifest.provenance.round = order.key.wire
    manifest.provenance.sealedDigest = wireBytes(
      (order.privacy?.seal ?? order.sealedHash).bytes)
    let envelope = ModelPublisher.sign(manifest, with: federationKeys)
    do {
      let record = try ModelIntake.record(
        manifest, envelope: envelope, published: order.published, at: now)
      return (bytes, record)
    } catch {
      throw AggregationRefusal(code: error.code, detail: "\(error)")
    }
  }
}

/// Why a sealed set gives no model.
package struct AggregationRefusal: Error, Sendable, Equatable {
  /// Stable code.
  package let code: String
  /// What was found.
  package let detail: String

  /// A refusal with its code and reason.
  package init(code: String, detail: String) {
    self.code = code
    self.detail = detail
  }
}

/// Holds an uploaded update against what its node was offered, before it counts.
package enum UpdateDoor {
  /// `valid`, or a refusal that is final for these bytes; `shape` is that of the base model.
  ///
  /// `unreadable` where the bytes cannot be read at all.
  package static func judge(
    _ content: any UpdateContent, _ check: UploadCheck, shape: [LayerShape]
  ) -> UploadOutcome {
    let bounds = bounds(base: check.base, shape: shape, samples: check.samples)
    do throws(AggregationError) {
      switch try OpenedUpdate.open(content) {
      case .failure(let error): return .refused(code: error.code, detail: "\(error)")
      case .success(let update):
        guard let error = try bounds.judge(update, in: content) else { return .valid }
        return .refused(code: error.code, detail: "\(error)")
      }
    } catch {
      return .unreadable(detail: "\(error)")
    }
  }

  /// The same for an update in memory.
  package static func judge(
    _ bytes: [UInt8], _ check: UploadCheck, shape: [LayerShape]
  ) -> UploadOutcome {
    judge(UpdateBytes(bytes), check, shape: shape)
  }

  /// What a model learns, as an update must list it; nil where the bytes are no model.
  package static func shape(
    ofModel bytes: [UInt8], without local: [String] = []
  ) -> [LayerShape]? {
    do {
      return shape(of: try CompiledModel(reading: bytes), without: local)
    } catch {
      return nil
    }
  }

  /// What an update of `samples` announced samples is held against.
  fileprivate static func bounds(
    base: ContentDigest, shape: [LayerShape], samples: UInt32
  ) -> UpdateBounds {
    UpdateBounds(
      base: base.bytes, shape: shape, samplesOffered: samples, samplesAnnounced: samples)
  }

  /// What a model learns, block by block, as an update must list it; layers of the names in
  /// `local` stay on the nodes.
  package static func shape(
    of model: CompiledModel, without local: [String] = []
  ) -> [LayerShape] {
    model.learnedBlocks.filter { !local.contains(model.layers[$0.layer].name) }.map { block in
      LayerShape(
        layer: block.number, count: block.count, exponent: Int8(clamping: block.exponent))
    }
  }
}
