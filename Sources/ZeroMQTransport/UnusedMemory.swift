internal import CZeroMQ

/// Memory that closed connections have left behind.
package enum UnusedMemory {
  /// Gives it back to the system; takes milliseconds, from any thread.
  ///
  /// libzmq takes about 40 KiB for a connection. When thousands end, as data connections do some
  /// seconds after a deployment, malloc would keep their pages for the next thousands.
  package static func giveBack() { return_unused_memory() }
}
