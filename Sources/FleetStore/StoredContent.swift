/// Content of the store that is open for reading.
package struct StoredContent: Sendable {
  let file: OpenFile

  /// Fills a buffer with bytes from an offset on, which have to be there; not verified.
  package func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) {
    try file.read(at: UInt64(offset), into: buffer)
  }
}
