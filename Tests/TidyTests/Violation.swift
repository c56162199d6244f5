/// One broken rule at one place, with what to do about it.
struct Violation: CustomStringConvertible, Equatable {
  let path: String
  let line: Int
  let rule: String
  let cure: String

  var description: String { "\(path):\(line): \(rule): \(cure)" }
}
