import Glibc

/// Descriptors that this process may open: each agent takes up to two.
enum DescriptorLimit {
  /// Raises the soft limit to the hard one and returns what holds now.
  static func raise() -> UInt64 {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return UInt64(before)
    }
    return UInt64(limit.rlim_cur)
  }

  /// What to tell the operator where the limit is too low for the fleet; nil where it is not.
  static func warning(_ limit: UInt64, nodes: Int) -> String? {
    let needed = 2 * UInt64(nodes) + 1_024
    guard limit < needed else { return nil }
    return "\(limit) open files allowed, \(needed) needed for \(nodes) nodes; raise LimitNOFILE of "
      + "the service or `ulimit -n`"
  }
}
