import Dispatch
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Synchronization
import ZeroMQTransport

/// A model's way from one blob store to another over the data endpoint, beside bare libzmq.
enum TransferCases {
  private static let chunks = 1_024

  /// What part of bare libzmq's speed a transfer has; both in this run, one after the other.
  ///
  /// The client keeps the protocol's credit, checks each chunk's digest and writes it. `joined`
  /// also waits for the disk to have it.
  static func ratio(_ context: BenchContext, joined: Bool) throws -> BenchResult {
    var (ratios, bare, whole): ([Double], [Double], [Double]) = ([], [], [])
    let mebibytes = Double(chunks * Limits.chunkBytes) / Double(1 << 20)
    for _ in 0..<context.runs {
      let seconds = try BareTransfer.seconds(frames: chunks, bytes: Limits.chunkBytes)
      bare.append(mebibytes / seconds)
      whole.append(mebibytes / (try Transfer(chunks: chunks).seconds(joined: joined)))
      ratios.append(whole[whole.count - 1] / bare[bare.count - 1])
    }
    return BenchResult(
      values: ratios,
      facts: [
        ("mebibytes", BenchResult.number(mebibytes)),
        ("bare_mebibytes_per_second", BenchResult.number(BenchResult(values: bare).median)),
        ("mebibytes_per_second", BenchResult.number(BenchResult(values: whole).median)),
      ])
  }
}

/// Both ends of one transfer, in folders of their own.
private final class Transfer: Sendable {
  private struct Progress {
    var asked = 0
    var received = 0
    var sequence: UInt64 = 0
    var failure: String?
  }

  private let (source, target): (BenchFolder, BenchFolder)
  private let (held, fetched): (BlobStore, BlobStore)
  private let digest: ContentDigest
  private let digests: [ContentDigest]
  private let progress = Mutex(Progress())
  private let done = DispatchSemaphore(value: 0)
  private let server = Mutex<CoordinatorTransport?>(nil)
  private let client = Mutex<AgentTransport?>(nil)

  init(chunks: Int) throws {
    (source, target) = (try BenchFolder(), try BenchFolder())
    (held, fetched) = (try BlobStore(folder: source.path), try BlobStore(folder: target.path))
    let bytes = try Self.randomBytes(chunks * Limits.chunkBytes)
    digest = try held.put(bytes)
    digests = stride(from: 0, to: bytes.count, by: Limits.chunkBytes).map {
      BlobStore.digest(of: bytes[$0..<$0 + Limits.chunkBytes])
    }
    try warmUp(Array(bytes[..<Limits.chunkBytes]))
  }

  private static func randomBytes(_ count: Int) throws -> [UInt8] {
    guard let source = FileHandle(forReadingAtPath: "/dev/urandom"),
      let bytes = try source.read(upToCount: count), bytes.count == count
    else { throw BenchError("/dev/urandom gives no \(count) bytes") }
    return [UInt8](bytes)
  }

  /// Writes as much once and removes it: on a virtual machine, memory that was never used costs
  /// many times the copy into it, and a machine in use has none.
  private func warmUp(_ chunk: [UInt8]) throws {
    let size = UInt64(digests.count * Limits.chunkBytes)
    _ = try fetched.prepareDownload(digest, chunks: digests, size: size)
    for index in digests.indices {
      try fetched.putChunk(digest, index: UInt32(index), bytes: chunk)
    }
    try fetched.sweepDownloads(keeping: [])
  }

  /// Seconds from the first request to the last chunk, or to the durable whole.
  func seconds(joined: Bool) throws -> Double {
    let (keys, node) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
    let transport = try CoordinatorTransport(
      keys: keys, control: "tcp://127.0.0.1:*", data: "tcp://127.0.0.1:*",
      allowed: [node.publicKey: "node"], deliver: { $0.forEach(self.serve) })
    server.withLock { $0 = transport }
    let linked = DispatchSemaphore(value: 0)
    let agent = try AgentTransport(
      keys: node, coordinatorKeys: [keys.publicKey], control: transport.controlAddress,
      data: transport.dataAddress,
      deliver: { event in
        if case .connected = event { linked.signal() }
        if case .received(_, let frames) = event { self.take(frames) }
      })
    client.withLock { $0 = agent }
    defer {
      agent.stop()
      transport.stop()
      server.withLock { $0 = nil }
      client.withLock { $0 = nil }
    }
    agent.open(.data)
    guard linked.wait(timeout: .now() + 10) == .success else {
      throw BenchError("no connection on loopback")
    }
    let started = DispatchTime.now().uptimeNanoseconds
    let size = UInt64(digests.count * Limits.chunkBytes)
    _ = try fetched.prepareDownload(digest, chunks: digests, size: size)
    ask()
    guard done.wait(timeout: .now() + 120) == .success else {
      throw BenchError("the transfer did not end in two minutes")
    }
    if let failure = progress.withLock({ $0.failure }) { throw BenchError(failure) }
    if joined { try fetched.finishDownload(digest) }
    return Double(DispatchTime.now().uptimeNanoseconds - started) * 1e-9
  }

  /// Asks for runs of eight within the credit of sixteen, as an agent does.
  private func ask() {
    while true {
      let run = progress.withLock { progress -> (first: Int, received: Int, UInt64)? in
        guard progress.asked < digests.count, progress.asked - progress.received <= 8 else {
          return nil
        }
        defer { progress.asked += 8 }
        progress.sequence += 1
        return (progress.asked, progress.received, progress.sequence)
      }
      guard let run else { return }
      var request = WireBlobRequest()
      request.digest = wireBytes(digest.bytes)
      request.firstChunk = UInt32(run.first)
      request.chunkCount = 8
      request.receivedChunks = UInt64(run.received)
      let packet = Packet(.blobRequest(request), session: 1, sequence: run.2)
      _ = client.withLock { $0?.send(.data, packet.frames()) }
    }
  }

  private func serve(_ event: TransportEvent) {
    guard case .received(_, let peer, _, let frames) = event else { return }
    do {
      let packet = try Packet(frames: frames, endpoint: .data, direction: .up)
      guard case .blobRequest(let request) = packet.message else { return }
      for index in request.firstChunk..<request.firstChunk + request.chunkCount {
        let bytes = try held.readRange(
          digest, offset: UInt64(index) * UInt64(Limits.chunkBytes), count: Limits.chunkBytes)
        var chunk = WireBlobChunk()
        chunk.digest = wireBytes(digest.bytes)
        chunk.index = index
        let answer = Packet(.blobChunk(chunk), session: 1, sequence: 1, payload: bytes)
        _ = server.withLock { $0?.send(answer.frames(), to: peer) }
      }
    } catch {
      fail("\(error)")
    }
  }

  private func take(_ frames: [[UInt8]]) {
    do {
      let packet = try Packet(frames: frames, endpoint: .data, direction: .down)
      guard case .blobChunk(let chunk) = packet.message, let bytes = packet.payload else { return }
      // As the agent's core and store do, one after the other.
      guard BlobStore.digest(of: bytes) == digests[Int(chunk.index)] else {
        return fail("chunk \(chunk.index) is not what was asked for")
      }
      try fetched.putChunk(digest, index: chunk.index, bytes: bytes)
      let received = progress.withLock { progress in
        progress.received += 1
        return progress.received
      }
      if received == digests.count { done.signal() } else { ask() }
    } catch {
      fail("\(error)")
    }
  }

  private func fail(_ text: String) {
    progress.withLock { $0.failure = text }
    done.signal()
  }
}
