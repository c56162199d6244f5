import CompiledModel
import Workbench

/// A chip file gives a chip or an error, whatever it says.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzChipFile(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: input, count: count)
  guard let yaml = String(validating: bytes, as: UTF8.self) else { return 0 }
  do {
    let chip = try ChipFile.chip(yaml: yaml, file: "fuzz.yaml")
    precondition(chip.cores > 0, "a chip without cores")
  } catch {
    precondition(!error.description.isEmpty, "an error without a text")
  }
  return 0
}
