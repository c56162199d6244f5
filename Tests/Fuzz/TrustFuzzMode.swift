/// What the first byte of an input makes of the rest.
enum TrustFuzzMode: UInt8, CaseIterable {
  case rootEnvelope, manifestEnvelope, orderEnvelope, timestampEnvelope
  case rootPayload, manifestPayload, orderPayload, timestampPayload, successorPayload
}
