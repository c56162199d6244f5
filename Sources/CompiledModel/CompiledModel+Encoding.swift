import Crypto

extension CompiledModel {
  /// The file: header, section table, sections, then each connection's blocks on chunk boundaries.
  ///
  /// Canonical: equal models have equal bytes. The model must be valid. `docs/CHIP.md` describes
  /// the layout.
  package func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writeHead(to: &writer)
    for layer in layers {
      for connection in layer.connections { connection.writeBlocks(to: &writer) }
      for block in layer.learnedBlocks {
        writer.padToChunk()
        writer.integers(block)
      }
    }
    return writer.bytes
  }

  /// SHA-256 over everything except what is learnt: equal for models that differ in these only.
  ///
  /// Over the file up to its blocks, then over the lists and fixed weights of each connection.
  package var structureDigest: [UInt8] {
    var hash = SHA256()
    var head = ByteWriter()
    writeHead(to: &head, reserving: false)
    hash.update(data: head.bytes)
    for index in connections {
      let connection = self[index]
      var block = ByteWriter()
      if case .sparse(let rowStarts, let targets) = connection.layout {
        block.integers(rowStarts)
        block.integers(targets)
      }
      if case .fixed(let weights) = connection.weights {
        connection.precision.pack(weights, to: &block)
      }
      hash.update(data: block.bytes)
    }
    return Array(hash.finalize())
  }

  /// Header, section table and sections, with room reserved for all that follows.
  private func writeHead(to writer: inout ByteWriter, reserving: Bool = true) {
    let layerBytes = layerBody(blocksAfter: 0).count
    let routes = routeBody()
    var bodies = [metaBody(), coreBody(), [], routes, prices.encoded(), timeBody()]
    var end = FileLayout.headerBytes
    var places: [(offset: Int, length: Int)] = []
    for (section, body) in zip(FileLayout.Section.allCases, bodies) {
      let offset = FileLayout.roundedUp(end, to: FileLayout.sectionAlignment)
      let length = section == .layers ? layerBytes : body.count
      places.append((offset, length))
      end = offset + length
    }
    bodies[2] = layerBody(blocksAfter: end)
    for layer in layers {
      var lengths: [Int?] = []
      for connection in layer.connections {
        let blocks = connection.blockBytes
        lengths += [blocks.lists, blocks.weights]
      }
      lengths += layer.learnedBlocks.map { $0.count * 2 }
      for length in lengths.compactMap(\.self) {
        end = FileLayout.roundedUp(end, to: ChipArithmetic.chunkBytes) + length
      }
    }

    if reserving { writer.reserve(end) }
    writer.raw(FileLayout.magic)
    writer.uint16(FileLayout.version)
    writer.uint16(UInt16(places.count))
    writer.count(FileLayout.headerBytes)
    writer.uint64(UInt64(end))
    for (section, place) in zip(FileLayout.Section.allCases, places) {
      writer.raw(Array(section.rawValue.utf8))
      writer.uint32(0)
      writer.uint64(UInt64(place.offset))
      writer.uint64(UInt64(place.length))
    }
    for (body, place) in zip(bodies, places) {
      writer.pad(to: place.offset)
      writer.raw(body)
    }
  }

  private func metaBody() -> [UInt8] {
    var writer = ByteWriter()
    writer.text(name)
    writer.text(chip)
    writer.count(steps)
    writer.double(timeStep)
    writer.count(inputs)
    input.write(to: &writer)
    writer.count(port.column)
    writer.count(port.row)
    writer.count(arithmetic.potentialBits)
    writer.count(arithmetic.currentBits)
    writer.uint8(arithmetic.currentOverflow.rawValue)
    writer.int32(arithmetic.inputShift)
    writer.count(arithmetic.learningWeightBits)
    writer.uint8(arithmetic.columnConverter == nil ? 0 : 1)
    if let converter = arithmetic.columnConverter {
      writer.count(converter.rows)
      writer.count(converter.bits)
    }
    return writer.bytes
  }

  private func coreBody() -> [UInt8] {
    var writer = ByteWriter()
    writer.count(cores.count)
    for core in cores {
      writer.count(core.layer)
      writer.count(core.firstNeuron)
      writer.count(core.neuronCount)
      writer.count(core.column)
      writer.count(core.row)
    }
    return writer.bytes
  }

  private func routeBody() -> [UInt8] {
    var writer = ByteWriter()
    var walk = RouteWalk(of: self)
    walk.forEach { $0.write(to: &writer) }
    return writer.bytes
  }

  private func timeBody() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint16(UInt16(timing.picoseconds.count))
    writer.integers(timing.picoseconds)
    writer.uint32(timing.axonInPicoseconds)
    writer.count(timing.linkBuffer)
    writer.uint16(UInt16(timing.barriers.count))
    for barrier in timing.barriers {
      writer.count(barrier.tiles)
      writer.uint32(barrier.picoseconds)
    }
    return writer.bytes
  }
}

extension CompiledConnection {
  /// Its lists, if it has any, and its weights, each on the next chunk.
  fileprivate func writeBlocks(to writer: inout ByteWriter) {
    if case .sparse(let rowStarts, let targets) = layout {
      writer.padToChunk()
      writer.integers(rowStarts)
      writer.integers(targets)
    }
    writer.padToChunk()
    switch weights {
    case .fixed(let weights): precision.pack(weights, to: &writer)
    case .plastic(let weights, _, _): writer.integers(weights)
    }
  }
}

extension ByteWriter {
  fileprivate mutating func padToChunk() {
    pad(to: FileLayout.roundedUp(bytes.count, to: ChipArithmetic.chunkBytes))
  }
}

extension RoutingTable.Route {
  func write(to writer: inout ByteWriter) {
    writer.count(source.map { $0 + 1 } ?? 0)
    writer.count(neurons.lowerBound)
    writer.count(neurons.count)
    writer.uint16(UInt16(cores.count))
    writer.integers(cores.map { UInt16($0) })
  }
}
