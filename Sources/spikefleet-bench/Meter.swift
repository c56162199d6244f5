import Foundation

/// CPU time and peak memory of this process, as the kernel keeps them.
enum Meter {
  /// Seconds of CPU that the calling thread has used.
  static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Largest resident size so far, in MiB; `getrusage` would count that of the process which
  /// started this one as well.
  static func peakMebibytes() -> Double { mebibytes("VmHWM:") }

  /// What the process holds that no file backs, in MiB.
  static func anonymousMebibytes() -> Double { mebibytes("RssAnon:") }

  private static func mebibytes(_ key: String) -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
      .flatMap { Double($0) }
    return (kibibytes ?? .nan) / 1024
  }

  /// Work per CPU-second in each of some runs, after one that is not counted.
  ///
  /// `body` does a portion of work and says how much; it is repeated until a run has lasted long
  /// enough to be measured.
  static func rates(
    runs: Int, seconds: Double = 0.5, _ body: () throws -> Double
  ) rethrows -> [Double] {
    var rates: [Double] = []
    for run in 0...runs {
      let start = threadSeconds()
      var work = 0.0
      var elapsed = 0.0
      repeat {
        work += try body()
        elapsed = threadSeconds() - start
      } while elapsed < (run == 0 ? seconds / 5 : seconds)
      if run > 0 { rates.append(work / elapsed) }
    }
    return rates
  }
}
