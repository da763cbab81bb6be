#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/codegen/target.h"
#include "compiler/core/native.h"
#include "compiler/kernel/loops.h"
#include "compiler/support/expected.h"
#include "runtime/graph/callable.h"

namespace fedc::codegen {

/// Native code of several kernels: relocatable object files (ELF) that refer to each other, and the kernels' symbols in order.
struct NativeObjects {
  std::vector<std::string> objects;
  std::vector<std::string> symbols;
  /// The texts whose numbers the code loads (`stringSymbol`).
  std::vector<std::string> strings;
};

/// LLVM IR of a kernel as text, after the pass list (`optimised`) or as emitted.
std::string llvmText(const kernel::LoopKernel& kernel, const Target& target, bool optimised = true);
/// Its assembly for the target.
std::string assemblyText(const kernel::LoopKernel& kernel, const Target& target);

/// Kernels to object files. Equal nest functions of all kernels are one; what there is to compile is dealt to `threads` modules of about equal size,
/// compiled at the same time.
Expected<NativeObjects> compileObjects(const std::vector<kernel::LoopKernel>& kernels, const Target& target, int threads);

/// Code linked into this process; lives as long as the object.
class NativeCode {
 public:
  using Entry = void (*)(const runtime::CallArgs*);
  /// `plugins`: what the kernels may call of plugins; it stays loaded as long as the code. Error: an object that is damaged, or calls something else.
  static Expected<std::shared_ptr<NativeCode>> link(const NativeObjects& objects, std::vector<core::NativeFunction> plugins);
  ~NativeCode();
  NativeCode(const NativeCode&) = delete;
  NativeCode& operator=(const NativeCode&) = delete;
  /// The entry of kernel number i.
  Entry entry(std::size_t i) const { return entries_[i]; }

 private:
  struct Session;
  NativeCode();
  std::unique_ptr<Session> session_;
  std::vector<Entry> entries_;
};

}  // namespace fedc::codegen
