import Federation
import Foundation

/// Writes updates of every form, and what nodes keep of them, into the folder that it is given.
@main
struct UpdateSeeds {
  static func main() throws {
    let folder = URL(fileURLWithPath: CommandLine.arguments[1], isDirectory: true)
    func write(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: folder.appending(path: name))
    }
    let honest = UpdatePieces.update
    let forms: [UpdateCompression] = [
      .dense, .int8, .sign, .topK(perMille: 100, bytes: false), .topK(perMille: 200, bytes: true),
    ]
    for (number, form) in forms.enumerated() {
      let (sent, left) = try honest.compressed(form, residual: nil, seed: 3)
      try write(sent.encoded(), "update-\(number)")
      try write(left.encoded(), "residual-\(number)")
    }
    try write(LocalLayers(honest.layers).encoded(), "local")
    var other = honest
    other.layers[0].values = .float32(
      (0..<UpdatePieces.shape[0].count).map { $0 == 3 ? .nan : Float($0) * 1e30 })
    try write(other.encoded(), "non-finite")
    other = honest
    other.layers[0].values = .int32(
      [Int32](repeating: .min, count: UpdatePieces.shape[0].count))
    try write(other.encoded(), "huge")
    for samples: UInt32 in [0, Float(1e30).bitPattern, UInt32(bitPattern: -1), .max] {
      other = honest
      other.samples = samples
      try write(other.encoded(), "samples-\(samples)")
    }
  }
}
