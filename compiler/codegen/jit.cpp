#include "compiler/codegen/jit.h"

#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "compiler/codegen/calls.h"
#include "compiler/codegen/emit.h"
#include "compiler/codegen/emit_nest.h"
#include "compiler/core/internal_error.h"
#include "compiler/core/strings.h"

namespace fedc::codegen {

namespace {

/// Pass `llvm` (docs/codegen.md): no vectoriser, no unroller, nothing that could change a floating-point operation.
constexpr const char* kPasses = "function(early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,loop(loop-rotate),loop-mssa(licm),dce)";

void initialiseLlvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
}

llvm::CodeGenOptLevel levelOf(int level) {
  switch (level) {
    case 0: return llvm::CodeGenOptLevel::None;
    case 1: return llvm::CodeGenOptLevel::Less;
    case 3: return llvm::CodeGenOptLevel::Aggressive;
    default: return llvm::CodeGenOptLevel::Default;
  }
}

std::unique_ptr<llvm::TargetMachine> makeMachine(const Target& target) {
  initialiseLlvm();
  const std::string triple = llvm::sys::getProcessTriple();
  std::string error;
  const llvm::Target* t = llvm::TargetRegistry::lookupTarget(triple, error);
  FEDC_REQUIRE(t != nullptr, "LLVM has no back end for this machine");
  std::string cpu, features;
  switch (target.features) {
    case Target::Features::Host: {
      cpu = hostProcessor();
      features = hostFeatures();
      break;
    }
    case Target::Features::Avx2: cpu = "x86-64-v3"; break;
    case Target::Features::Avx512: cpu = "x86-64-v4"; break;
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      t->createTargetMachine(triple, cpu, features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, levelOf(target.level), true));
}

void runPasses(llvm::Module& module, llvm::TargetMachine& machine) {
  module.setTargetTriple(machine.getTargetTriple().str());
  module.setDataLayout(machine.createDataLayout());
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error e = builder.parsePassPipeline(passes, kPasses)) {
    core::internalError("LLVM does not know the pass list: " + llvm::toString(std::move(e)), __FILE__, __LINE__);
  }
  passes.run(module, modules);
}

std::string generate(llvm::Module& module, llvm::TargetMachine& machine, llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  const bool cannot = machine.addPassesToEmitFile(passes, stream, nullptr, type);
  FEDC_REQUIRE(!cannot, "LLVM's back end does not write this kind of file");
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

void requireWellFormed(const kernel::LoopKernel& kernel) {
  if (auto violation = kernel::verify(kernel))
    core::internalError("malformed loops form: " + *violation + "\n" + kernel::print(kernel), __FILE__, __LINE__);
}

void finish(llvm::Module& module, llvm::TargetMachine& machine, bool verify, bool optimised) {
  if (verify) {
    std::string problem;
    llvm::raw_string_ostream stream(problem);
    if (llvm::verifyModule(module, &stream)) core::internalError("malformed LLVM IR: " + problem, __FILE__, __LINE__);
  }
  if (optimised) runPasses(module, machine);
}

std::unique_ptr<llvm::Module> prepare(llvm::LLVMContext& context, const kernel::LoopKernel& kernel, const Target& target,
                                      llvm::TargetMachine& machine, bool optimised) {
  if (target.verify) requireWellFormed(kernel);
  std::unique_ptr<llvm::Module> module = emit(context, kernel, kernel.name);
  finish(*module, machine, target.verify, optimised);
  return module;
}

/// What is compiled by itself: a nest function, or (null) a kernel's uniform level.
struct Unit {
  const kernel::NestFunction* nest = nullptr;
  std::size_t number = 0;
  std::size_t weight = 0;
};

/// The units of all kernels, equal nests once, and for each kernel the symbols of its nest functions.
struct Units {
  std::vector<Unit> all;
  std::vector<std::vector<std::string>> nestSymbols;
};

std::string nestSymbol(std::size_t number) { return "fedc_nest_" + std::to_string(number); }

Units collectUnits(const std::vector<kernel::LoopKernel>& kernels) {
  Units units;
  std::map<std::string, std::size_t> known;
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    std::vector<std::string> symbols;
    for (const kernel::NestFunction& f : kernels[k].functions) {
      std::string text = kernel::printAnonymous(f);
      const std::size_t weight = text.size() + 500;
      auto [it, fresh] = known.try_emplace(std::move(text), known.size());
      if (fresh) units.all.push_back({&f, it->second, weight});
      symbols.push_back(nestSymbol(it->second));
    }
    units.nestSymbols.push_back(std::move(symbols));
    units.all.push_back({nullptr, k, 500 + 60 * kernels[k].buffers.size()});
  }
  return units;
}

/// The texts of literals, each once, in the order of the code.
std::vector<std::string> stringsOf(const std::vector<kernel::LoopKernel>& kernels) {
  std::vector<std::string> texts;
  std::set<std::uint64_t> seen{core::kEmptyString};
  for (const kernel::LoopKernel& k : kernels)
    for (const kernel::NestFunction& f : k.functions)
      for (const kernel::Value& v : f.values)
        if (v.kind == kernel::Value::Kind::Literal && v.elem == core::Elem::Str && seen.insert(v.literal.bits).second)
          texts.emplace_back(core::textOf(static_cast<core::StringId>(v.literal.bits)));
  return texts;
}

/// Deals the heaviest first, each to the lightest hand.
std::vector<std::vector<Unit>> deal(std::vector<Unit> units, std::size_t hands) {
  std::stable_sort(units.begin(), units.end(), [](const Unit& a, const Unit& b) { return a.weight > b.weight; });
  std::vector<std::vector<Unit>> out(hands);
  std::vector<std::size_t> total(hands, 0);
  for (Unit& u : units) {
    const auto lightest = static_cast<std::size_t>(std::min_element(total.begin(), total.end()) - total.begin());
    total[lightest] += u.weight;
    out[lightest].push_back(u);
  }
  return out;
}

}  // namespace

Target::Features resolvedFeatures(Target::Features features) {
  if (features != Target::Features::Host) return features;
  return hostRuns(Target::Features::Avx512) ? Target::Features::Avx512 : Target::Features::Avx2;
}

std::string hostProcessor() { return llvm::sys::getHostCPUName().str(); }

std::string hostFeatures() {
  std::vector<std::string> names;
  for (const auto& f : llvm::sys::getHostCPUFeatures()) names.push_back((f.getValue() ? "+" : "-") + f.getKey().str());
  // A hash table's order, which could change from run to run.
  std::sort(names.begin(), names.end());
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
  return all;
}

std::string llvmVersion() { return LLVM_VERSION_STRING; }

bool hostRuns(Target::Features features) {
  static const llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  auto all = [&](std::initializer_list<const char*> names) {
    for (const char* n : names)
      if (!host.lookup(n)) return false;
    return true;
  };
  const bool v3 = all({"avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe"});
  if (features == Target::Features::Avx512) return v3 && all({"avx512f", "avx512dq", "avx512bw", "avx512vl"});
  return v3;
}

kernel::Machine machineOf(const Target& target) {
  return resolvedFeatures(target.features) == Target::Features::Avx512 ? kernel::Machine::avx512() : kernel::Machine::avx2();
}

std::string llvmText(const kernel::LoopKernel& kernel, const Target& target, bool optimised) {
  auto machine = makeMachine(target);
  llvm::LLVMContext context;
  auto module = prepare(context, kernel, target, *machine, optimised);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, nullptr);
  return text;
}

std::string assemblyText(const kernel::LoopKernel& kernel, const Target& target) {
  auto machine = makeMachine(target);
  machine->Options.MCOptions.AsmVerbose = true;
  llvm::LLVMContext context;
  auto module = prepare(context, kernel, target, *machine, true);
  return generate(*module, *machine, llvm::CodeGenFileType::AssemblyFile);
}

Expected<NativeObjects> compileObjects(const std::vector<kernel::LoopKernel>& kernels, const Target& target, int threads) {
  if (!hostRuns(Target::Features::Avx2)) return fail("this processor lacks AVX2 or FMA; fedc needs x86-64-v3");
  initialiseLlvm();
  if (target.verify)
    for (const kernel::LoopKernel& k : kernels) requireWellFormed(k);
  NativeObjects out;
  for (std::size_t k = 0; k < kernels.size(); ++k) out.symbols.push_back("fedc_kernel_" + std::to_string(k));
  const Units units = collectUnits(kernels);
  const std::size_t hands = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(threads, 1)), 1, std::max<std::size_t>(units.all.size(), 1));
  const std::vector<std::vector<Unit>> dealt = deal(units.all, hands);
  out.objects.resize(hands);
  auto work = [&](std::size_t hand) {
    auto machine = makeMachine(target);
    llvm::LLVMContext context;
    llvm::Module module("fedc", context);
    for (const Unit& u : dealt[hand])
      if (u.nest != nullptr) emitNest(*declareNest(module, *u.nest, nestSymbol(u.number)), *u.nest);
    for (const Unit& u : dealt[hand])
      if (u.nest == nullptr) emitKernel(module, kernels[u.number], out.symbols[u.number], units.nestSymbols[u.number]);
    finish(module, *machine, target.verify, true);
    out.objects[hand] = generate(module, *machine, llvm::CodeGenFileType::ObjectFile);
  };
  std::vector<std::thread> workers;
  for (std::size_t hand = 1; hand < hands; ++hand) workers.emplace_back(work, hand);
  work(0);
  for (std::thread& w : workers) w.join();
  out.strings = stringsOf(kernels);
  return out;
}

struct NativeCode::Session {
  /// Loaded longer than the code that calls them.
  std::vector<core::NativeFunction> plugins;
  /// The numbers that the code loads; its addresses are in the code.
  std::vector<core::StringId> strings;
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

NativeCode::NativeCode() = default;
NativeCode::~NativeCode() = default;

Expected<std::shared_ptr<NativeCode>> NativeCode::link(const NativeObjects& objects, std::vector<core::NativeFunction> plugins) {
  initialiseLlvm();
  auto problem = [](llvm::Error e) { return fail("linking native code failed: " + llvm::toString(std::move(e))); };
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder) return problem(builder.takeError());
  builder->setCodeModel(llvm::CodeModel::Small);
  builder->setRelocationModel(llvm::Reloc::PIC_);
  auto jit = llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(*builder)).create();
  if (!jit) return problem(jit.takeError());
  auto code = std::shared_ptr<NativeCode>(new NativeCode());
  code->session_ = std::make_unique<Session>();
  code->session_->plugins = std::move(plugins);
  code->session_->jit = std::move(*jit);
  llvm::orc::LLJIT& session = *code->session_->jit;

  llvm::orc::SymbolMap runtime;
  for (const RuntimeCall& c : runtimeCalls())
    runtime[session.mangleAndIntern("fedc_rt_" + std::string(c.name))] = {llvm::orc::ExecutorAddr::fromPtr(c.function),
                                                                          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  // What the back end may call by itself.
  auto library = [&](const char* name, auto* function) {
    runtime[session.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                              llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  for (const core::NativeFunction& f : code->session_->plugins) library((kNativePrefix + f.symbol).c_str(), f.call);
  library(kTeamSymbol, teamFunction());
  library("memcpy", &::memcpy);
  library("memset", &::memset);
  library("memmove", &::memmove);
  std::vector<core::StringId>& strings = code->session_->strings;
  for (const std::string& text : objects.strings) strings.push_back(core::intern(text));
  for (std::size_t i = 0; i < strings.size(); ++i)
    runtime[session.mangleAndIntern(stringSymbol(objects.strings[i]))] = {llvm::orc::ExecutorAddr::fromPtr(&strings[i]),
                                                                          llvm::JITSymbolFlags::Exported};
  if (llvm::Error e = session.getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(runtime)))) return problem(std::move(e));

  for (const std::string& o : objects.objects)
    if (llvm::Error e = session.addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(o, "fedc"))) return problem(std::move(e));
  for (const std::string& symbol : objects.symbols) {
    auto address = session.lookup(symbol);
    if (!address) return problem(address.takeError());
    code->entries_.push_back(address->toPtr<Entry>());
  }
  return code;
}

}  // namespace fedc::codegen
