#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/codegen/target.h"
#include "compiler/kernel/loops.h"
#include "compiler/support/expected.h"
#include "runtime/graph/callable.h"

namespace fedc::codegen {

/// A kernel's native code as an object file (ELF), relocatable; the kernel is the symbol `symbol`.
struct NativeObject {
  std::string symbol;
  std::string bytes;
};

/// LLVM IR of a kernel as text, after the pass list (`optimised`) or as emitted.
std::string llvmText(const kernel::LoopKernel& kernel, const Target& target, bool optimised = true);
/// Its assembly for the target.
std::string assemblyText(const kernel::LoopKernel& kernel, const Target& target);

/// Kernels to object files, each in a module of its own, `threads` at a time.
Expected<std::vector<NativeObject>> compileObjects(const std::vector<kernel::LoopKernel>& kernels, const Target& target, int threads);

/// Code linked into this process; lives as long as the object.
class NativeCode {
 public:
  using Entry = void (*)(const runtime::CallArgs*);
  static Expected<std::shared_ptr<NativeCode>> link(const std::vector<NativeObject>& objects);
  ~NativeCode();
  NativeCode(const NativeCode&) = delete;
  NativeCode& operator=(const NativeCode&) = delete;
  /// The entry of object number i of `link`.
  Entry entry(std::size_t i) const { return entries_[i]; }

 private:
  struct Session;
  NativeCode();
  std::unique_ptr<Session> session_;
  std::vector<Entry> entries_;
};

}  // namespace fedc::codegen
