import FleetCore
import FleetProtocol
import Foundation

/// Writes inputs to start from: every message once, as frames and as a body, and whole stories.
@main
enum FrameSeeds {
  static func main() throws {
    let (frames, bodies) = (
      URL(filePath: CommandLine.arguments[1]), URL(filePath: CommandLine.arguments[2])
    )
    let session = FuzzedCoordinator.ready.session(of: 0)
    for message in WireSamples.messages {
      let (type, payload) = (message.type, WireSamples.payload(message.type))
      let isUp = type.rule.direction == .up
      let number = type == .hello ? 0 : isUp ? session : FuzzedAgent.session
      let packet = Packet(message, session: number, sequence: 5, payload: payload)
      try write(FuzzedFrames(packet).encoded, to: frames, "\(type)")
      var story = isUp ? FuzzedStory() : FuzzedStory(to: .announcing)
      story.tell(message, payload)
      try write(story.encoded, to: bodies, "\(type)")
    }
    try write(toCoordinator.encoded, to: bodies, "to-coordinator")
    for stage in FuzzedAgent.Stage.allCases {
      try write(toAgent(stage).encoded, to: bodies, "to-agent-\(stage)")
    }
  }

  private static func write(_ bytes: [UInt8], to folder: URL, _ name: String) throws {
    try Data(bytes).write(to: folder.appending(path: name))
  }

  /// A node obeys, trains, and reports; the other only greets again.
  private static var toCoordinator: FuzzedStory {
    var story = FuzzedStory()
    story.tell(.hello(FuzzedContent.hello(1)), circumstances: 1)
    var accepted = WireDesiredAccepted()
    accepted.generation = FuzzedContent.generation.wire
    story.tell(.desiredAccepted(accepted))
    var request = WireBlobRequest()
    request.digest = wireBytes(FuzzedContent.model.digest.bytes)
    request.chunkCount = 1
    story.tell(.blobRequest(request))
    var observed = WireObservedState()
    observed.generation = FuzzedContent.generation.wire
    observed.state = .active
    observed.modelDigest = request.digest
    story.tell(.observedState(observed))
    var answer = WireRoundAnswer()
    answer.key = FuzzedContent.key.wire
    answer.accepted = true
    story.tell(.roundAnswer(answer))
    let digest = wireBytes(FuzzedContent.digest(FuzzedContent.update).bytes)
    var announce = WireUpdateAnnounce()
    announce.key = answer.key
    announce.digest = digest
    announce.size = UInt64(FuzzedContent.update.count)
    announce.samples = 10
    announce.counts = [1, 2]
    story.tell(.updateAnnounce(announce))
    var chunk = WireUpdateChunk()
    chunk.key = answer.key
    chunk.digest = digest
    story.tell(.updateChunk(chunk), FuzzedContent.update)
    var window = WireTelemetryWindow()
    window.sequence = 1
    window.atUs = UInt64(FuzzedContent.noon.microseconds)
    window.modelDigest = request.digest
    window.inferenceCounts = [1, 2, 3]
    var windows = WireTelemetryWindows()
    windows.windows = [window]
    var batch = WireTelemetryBatch()
    batch.bootID = wireBytes(FuzzedContent.boot)
    batch.firstSequence = 1
    batch.lastSequence = 1
    story.tell(.telemetryBatch(batch), SignedDocument.encoded(windows))
    var open = WireOpenRound()
    open.key = answer.key
    var beat = WireHeartbeat()
    beat.openRounds = [open]
    story.tell(.heartbeat(beat), circumstances: 0x70)
    return story
  }

  /// Whatever the agent is doing, it is told all of it again.
  private static func toAgent(_ stage: FuzzedAgent.Stage) -> FuzzedStory {
    var story = FuzzedStory(to: stage)
    story.tell(.desiredState(FuzzedContent.desired))
    var chunk = WireBlobChunk()
    chunk.digest = wireBytes(FuzzedContent.model.digest.bytes)
    story.tell(.blobChunk(chunk), FuzzedContent.modelBytes)
    story.tell(.roundOffer(FuzzedContent.offer))
    var wanted = WireUpdateWanted()
    wanted.key = FuzzedContent.key.wire
    wanted.digest = wireBytes(FuzzedContent.digest(FuzzedContent.update).bytes)
    wanted.creditBytes = 60
    story.tell(.updateWanted(wanted))
    var verdict = WireRoundVerdict()
    verdict.key = wanted.key
    verdict.verdict = .acknowledged
    story.tell(.roundVerdict(verdict))
    story.tell(.heartbeatReply(WireHeartbeatReply()), circumstances: 0x70)
    story.tell(.welcome(FuzzedContent.welcome), circumstances: 2)
    story.tell(.reset(WireReset()))
    return story
  }
}
