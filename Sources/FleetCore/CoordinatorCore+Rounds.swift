import FleetProtocol

extension CoordinatorCore {
  mutating func resumeJobs(at now: Instant, into directives: inout [CoordinatorDirective]) {}
  mutating func watchDeadlines(at now: Instant, into directives: inout [CoordinatorDirective]) {}
  mutating func obey(
    _ command: Command, requestID: String, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {}
  mutating func finishUpload(
    _ key: UploadKey, _ outcome: UploadOutcome, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {}
  mutating func finishRound(
    _ key: RoundKey, _ outcome: AggregationOutcome, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {}
  mutating func take(
    _ answer: WireRoundAnswer, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {}
  mutating func consider(
    _ announce: WireUpdateAnnounce, node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {}
  mutating func append(
    _ chunk: WireUpdateChunk, payload: [UInt8], node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {}
  mutating func settle(
    _ rounds: [WireOpenRound], node: Identifier, at now: Instant,
    into directives: inout [CoordinatorDirective]
  ) {}
}
