package import Federation

/// The bytes of an update, wherever they lie.
package protocol UpdateContent: Sendable {
  /// How many there are.
  var size: Int { get }
  /// Fills a buffer with those from an offset on, which are there; the same bytes each time.
  func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(AggregationError)
}

extension UpdateContent {
  /// The first of them, at most `count`.
  func bytes(first count: Int) throws(AggregationError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(count, size))
    var failure: AggregationError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(AggregationError) { try read(at: 0, into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// An update in memory.
package struct UpdateBytes: UpdateContent {
  private let all: [UInt8]

  /// An update of these bytes.
  package init(_ bytes: [UInt8]) { all = bytes }

  /// How many there are.
  package var size: Int { all.count }

  /// Fills a buffer with those from an offset on, which have to be there.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
    all.withUnsafeBytes {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + buffer.count]))
    }
  }
}

/// An update as far as memory has to hold it.
enum OpenedUpdate {
  /// Its elements stay where they are.
  case dense(UpdateOutline)
  /// What travelled compressed is held as it came, which is a part of its size.
  case compressed(ModelUpdate)

  /// Reads what is in front of a dense update's elements, and a compressed one whole.
  static func open(
    _ content: any UpdateContent
  ) throws(AggregationError) -> Result<OpenedUpdate, UpdateError> {
    let prefix = try content.bytes(first: UpdateOutline.bytesMax)
    do throws(UpdateError) {
      if let outline = try UpdateOutline(reading: prefix, size: content.size) {
        return .success(.dense(outline))
      }
    } catch {
      return .failure(error)
    }
    let bytes = try content.bytes(first: content.size)
    do throws(UpdateError) {
      return .success(.compressed(try ModelUpdate(reading: bytes)))
    } catch {
      return .failure(error)
    }
  }

  /// Samples trained.
  var samples: UInt32 {
    switch self {
    case .dense(let outline): outline.samples
    case .compressed(let update): update.samples
    }
  }
}

extension UpdateBounds {
  /// Bytes of a dense update that are looked at together.
  private static let blockBytes = 1 << 20

  /// Holds an update against the bounds, its elements included.
  func judge(
    _ update: OpenedUpdate, in content: any UpdateContent
  ) throws(AggregationError) -> UpdateError? {
    switch update {
    case .compressed(let update):
      do throws(UpdateError) { try update.validate(against: self) } catch { return error }
    case .dense(let outline):
      do throws(UpdateError) { try check(outline) } catch { return error }
      return try scan(outline, in: content)
    }
    return nil
  }

  private func scan(
    _ outline: UpdateOutline, in content: any UpdateContent
  ) throws(AggregationError) -> UpdateError? {
    var scan = UpdateScan(self)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes, alignment: 64)
    defer { buffer.deallocate() }
    for layer in outline.layers {
      let step = Self.blockBytes / layer.form.bytes
      for start in stride(from: 0, to: layer.shape.count, by: step) {
        let count = min(step, layer.shape.count - start)
        let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * layer.form.bytes)])
        try content.read(at: layer.offset(of: start), into: block)
        guard let address = block.baseAddress else { continue }
        do throws(UpdateError) {
          try scan.take(layer, from: start, count: count, at: UnsafeRawPointer(address))
        } catch {
          return error
        }
      }
    }
    do throws(UpdateError) { try scan.finish() } catch { return error }
    return nil
  }
}
