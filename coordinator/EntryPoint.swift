import ArgumentParser

/// The coordinator itself, or, by its first argument, the enrolment process beside it.
@main
enum EntryPoint {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.first == "enrol" {
      Enrol.main(Array(arguments.dropFirst()))
    } else {
      await Coordinator.main(arguments)
    }
  }
}
