import ArgumentParser
import FleetAPI
import Foundation

/// A command whose errors become one line on standard error and an exit status.
protocol FleetCommand: AsyncParsableCommand {
  func perform() async throws
}

extension FleetCommand {
  mutating func run() async throws {
    do {
      try await perform()
    } catch let error as ValidationError {
      throw error
    } catch let error as ExitCode {
      throw error
    } catch let error as CommandFailure {
      Console.complain(error.text)
      throw error.code
    } catch let error as ServiceError {
      Console.complain(error.code == "unreachable" ? error.detail : error.description)
      throw error.code == "unreachable" ? ExitCode.unreachable : ExitCode.refused
    } catch is CancellationError {
      throw ExitCode.refused
    } catch {
      Console.complain("\(error)")
      throw ExitCode.refused
    }
  }
}

extension ExitCode {
  /// The coordinator, a file or the chip said no, or something failed.
  static let refused = ExitCode(1)
  /// No coordinator answers.
  static let unreachable = ExitCode(2)
}

/// Why a command ends without having done what it was asked.
struct CommandFailure: Error, CustomStringConvertible {
  var text: String
  var code = ExitCode.refused

  init(_ text: String, code: ExitCode = .refused) {
    self.text = text
    self.code = code
  }

  var description: String { text }
}
