#include "compiler/codegen/emit.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <cstddef>
#include <vector>

#include "compiler/codegen/builder.h"
#include "compiler/codegen/calls.h"
#include "compiler/codegen/emit_dim.h"
#include "compiler/codegen/emit_nest.h"
#include "compiler/codegen/emit_scalar.h"
#include "compiler/core/internal_error.h"
#include "runtime/graph/callable.h"

namespace fedc::codegen {

using namespace kernel;

namespace {

/// MXCSR: flush to zero and denormals are zero.
constexpr std::uint32_t kFlush = 0x8040;

class KernelEmitter {
 public:
  KernelEmitter(llvm::Module& module, const LoopKernel& kernel)
      : module_(module), context_(module.getContext()), kernel_(kernel), b_(context_), dims_(b_) {}

  void run(const std::string& symbol, const std::vector<std::string>& nests) {
    for (std::size_t f = 0; f < kernel_.functions.size(); ++f) {
      llvm::Function* declared = module_.getFunction(nests[f]);
      nests_.push_back(declared != nullptr ? declared : declareNest(module_, kernel_.functions[f], nests[f]));
    }
    llvm::Type* ptr = llvm::PointerType::get(context_, 0);
    auto* f = llvm::Function::Create(llvm::FunctionType::get(b_.getVoidTy(), {ptr}, false), llvm::GlobalValue::ExternalLinkage, symbol, module_);
    setComputeAttributes(*f);
    f->addFnAttr(llvm::Attribute::NoUnwind);
    auto* entry = llvm::BasicBlock::Create(context_, "entry", f);
    auto* start = llvm::BasicBlock::Create(context_, "start", f);
    allocas_ = entry;
    b_.SetInsertPoint(start);
    llvm::Value* args = f->getArg(0);
    auto field = [&](std::size_t offset) { return b_.CreateLoad(ptr, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), args, offset)); };
    using runtime::CallArgs;
    llvm::Value* buffers = field(offsetof(CallArgs, buffers));
    llvm::Value* dims = field(offsetof(CallArgs, dims));
    llvm::Value* arena = field(offsetof(CallArgs, arena));
    site_ = field(offsetof(CallArgs, failedSite));

    team_ = field(offsetof(CallArgs, team));
    llvm::Value* saved = flushDenormals(b_, [&](llvm::Type* t) { return stackSlot(t, 1); });

    for (std::size_t d = 0; d < kernel_.dims.size(); ++d)
      dims_.bind(kernel_.dims[d], b_.CreateLoad(b_.getInt64Ty(), b_.CreateConstInBoundsGEP1_64(b_.getInt64Ty(), dims, d)));
    pointers_.resize(kernel_.buffers.size(), nullptr);
    for (std::size_t a = 0; a < kernel_.arguments.size(); ++a)
      pointers_[kernel_.arguments[a]] = b_.CreateLoad(ptr, b_.CreateConstInBoundsGEP1_64(ptr, buffers, a));
    for (std::size_t i = 0; i < kernel_.buffers.size(); ++i) {
      const Buffer& buffer = kernel_.buffers[i];
      if (pointers_[i] != nullptr || buffer.role != Buffer::Role::Arena || !buffer.offset) continue;
      pointers_[i] = b_.CreateGEP(b_.getInt8Ty(), arena, dims_.value(*buffer.offset));
    }
    block(kernel_.body);
    b_.CreateIntrinsic(llvm::Intrinsic::x86_sse_ldmxcsr, {}, {saved});
    b_.CreateRetVoid();
    b_.SetInsertPoint(entry);
    b_.CreateBr(start);
  }

 private:
  llvm::Value* stackSlot(llvm::Type* type, std::uint64_t count) {
    Builder at(allocas_);
    return at.CreateAlloca(type, at.getInt64(count));
  }

  llvm::Value* buffer(BufferId id) {
    FEDC_REQUIRE(pointers_[id] != nullptr, "a buffer of the kernel has neither a place in the arena nor in the arguments");
    return pointers_[id];
  }

  void block(const UniformBlock& statements) {
    for (const UniformStatement& s : statements) std::visit([this](const auto& node) { emit(node); }, s.node);
  }

  void emit(const NestCall& c) {
    const NestFunction& fn = kernel_.functions[static_cast<std::size_t>(c.function)];
    std::vector<llvm::Value*> args;
    for (BufferId b : c.buffers) args.push_back(buffer(b));
    for (const Dim& d : c.ints) args.push_back(dims_.value(d));
    if (fn.checks) args.push_back(site_);
    llvm::Function* nest = nests_[static_cast<std::size_t>(c.function)];
    if (!fn.split) {
      b_.CreateCall(nest, args);
      return;
    }
    llvm::Value* extent = dims_.value(fn.split->substitute([&](Int v) { return std::optional<Dim>(c.ints[v]); }));
    llvm::Function* function = b_.GetInsertBlock()->getParent();
    auto* together = llvm::BasicBlock::Create(context_, "together", function);
    auto* alone = llvm::BasicBlock::Create(context_, "alone", function);
    auto* join = llvm::BasicBlock::Create(context_, "join");
    b_.CreateCondBr(b_.CreateIsNull(team_), alone, together);
    b_.SetInsertPoint(together);
    shareNest(nest, args, extent);
    b_.CreateBr(join);
    b_.SetInsertPoint(alone);
    args.push_back(b_.getInt64(0));
    args.push_back(extent);
    b_.CreateCall(nest, args);
    b_.CreateBr(join);
    join->insertInto(function);
    b_.SetInsertPoint(join);
  }

  /// fedc_team(team, range, context, extent): the team calls `range` with parts of 0 .. extent; the context holds the nest's other arguments.
  void shareNest(llvm::Function* nest, const std::vector<llvm::Value*>& args, llvm::Value* extent) {
    llvm::Type *ptr = llvm::PointerType::get(context_, 0), *i64 = b_.getInt64Ty();
    llvm::Value* context = stackSlot(i64, args.size());
    for (std::size_t i = 0; i < args.size(); ++i) b_.CreateStore(args[i], b_.CreateConstInBoundsGEP1_64(i64, context, i));
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {ptr, ptr, ptr, i64}, false);
    b_.CreateCall(module_.getOrInsertFunction(kTeamSymbol, type), {team_, rangeOf(nest), context, extent})->setDoesNotThrow();
  }

  /// `void range(const int64* context, int64 lo, int64 hi)`: calls the nest. It may run on any thread, so it flushes denormals itself.
  llvm::Function* rangeOf(llvm::Function* nest) {
    const std::string name = nest->getName().str() + ".range";
    if (llvm::Function* known = module_.getFunction(name)) return known;
    Builder b(context_);
    llvm::Type *ptr = llvm::PointerType::get(context_, 0), *i64 = b.getInt64Ty();
    auto* f =
        llvm::Function::Create(llvm::FunctionType::get(b.getVoidTy(), {ptr, i64, i64}, false), llvm::GlobalValue::InternalLinkage, name, module_);
    setComputeAttributes(*f);
    f->addFnAttr(llvm::Attribute::NoUnwind);
    b.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", f));
    llvm::Value* saved = flushDenormals(b, [&](llvm::Type* t) { return b.CreateAlloca(t); });
    std::vector<llvm::Value*> args;
    for (unsigned i = 0; i + 2 < nest->arg_size(); ++i)
      args.push_back(b.CreateLoad(nest->getArg(i)->getType(), b.CreateConstInBoundsGEP1_64(i64, f->getArg(0), i)));
    args.push_back(f->getArg(1));
    args.push_back(f->getArg(2));
    b.CreateCall(nest, args);
    b.CreateIntrinsic(llvm::Intrinsic::x86_sse_ldmxcsr, {}, {saved});
    b.CreateRetVoid();
    return f;
  }

  /// From here to where the slot that it gives is loaded again, subnormals are zero.
  template <class Slot>
  static llvm::Value* flushDenormals(Builder& b, const Slot& slot) {
    llvm::Value* saved = slot(b.getInt32Ty());
    llvm::Value* flushing = slot(b.getInt32Ty());
    b.CreateIntrinsic(llvm::Intrinsic::x86_sse_stmxcsr, {}, {saved});
    b.CreateStore(b.CreateOr(b.CreateLoad(b.getInt32Ty(), saved), b.getInt32(kFlush)), flushing);
    b.CreateIntrinsic(llvm::Intrinsic::x86_sse_ldmxcsr, {}, {flushing});
    return saved;
  }

  void emit(const Call& c) {
    llvm::Type* ptr = llvm::PointerType::get(context_, 0);
    llvm::Type* i64 = b_.getInt64Ty();
    std::vector<llvm::Value*> pointers;
    if (!c.function.empty()) pointers.push_back(nativeFunction(c.function));
    for (const BufferId b : c.buffers) pointers.push_back(buffer(b));
    llvm::Value* buffers = stackSlot(ptr, std::max<std::size_t>(pointers.size(), 1));
    llvm::Value* ints = stackSlot(i64, std::max<std::size_t>(c.ints.size(), 1));
    for (std::size_t i = 0; i < pointers.size(); ++i) b_.CreateStore(pointers[i], b_.CreateConstInBoundsGEP1_64(ptr, buffers, i));
    for (std::size_t i = 0; i < c.ints.size(); ++i) b_.CreateStore(dims_.value(c.ints[i]), b_.CreateConstInBoundsGEP1_64(i64, ints, i));
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {ptr, ptr}, false);
    llvm::FunctionCallee callee = module_.getOrInsertFunction("fedc_rt_" + c.symbol, type);
    auto* call = b_.CreateCall(callee, {buffers, ints});
    call->setDoesNotThrow();
  }

  /// A plugin's function, whose address comes when the kernel is linked.
  llvm::Value* nativeFunction(const std::string& name) {
    llvm::Type* ptr = llvm::PointerType::get(context_, 0);
    return module_.getOrInsertFunction(kNativePrefix + name, llvm::FunctionType::get(b_.getVoidTy(), {ptr, ptr}, false)).getCallee();
  }

  void emit(const UniformFor& f) {
    llvm::Function* function = b_.GetInsertBlock()->getParent();
    llvm::Value* extent = dims_.value(f.extent);
    auto* body = llvm::BasicBlock::Create(context_, "for", function);
    auto* exit = llvm::BasicBlock::Create(context_, "done");
    llvm::BasicBlock* before = b_.GetInsertBlock();
    b_.CreateCondBr(b_.CreateICmpSGT(extent, b_.getInt64(0)), body, exit);
    b_.SetInsertPoint(body);
    auto* count = b_.CreatePHI(b_.getInt64Ty(), 2);
    count->addIncoming(b_.getInt64(0), before);
    dims_.enterLoop();
    dims_.bind(f.var, f.reversed ? b_.CreateSub(b_.CreateSub(extent, b_.getInt64(1)), count) : static_cast<llvm::Value*>(count));
    block(f.body);
    dims_.leaveLoop();
    llvm::Value* next = b_.CreateAdd(count, b_.getInt64(1), "", true, true);
    count->addIncoming(next, b_.GetInsertBlock());
    b_.CreateCondBr(b_.CreateICmpSLT(next, extent), body, exit);
    exit->insertInto(function);
    b_.SetInsertPoint(exit);
  }

  void emit(const UniformIf& i) {
    llvm::Function* function = b_.GetInsertBlock()->getParent();
    llvm::Value* condition = b_.CreateICmpNE(b_.CreateLoad(b_.getInt8Ty(), buffer(i.condition)), b_.getInt8(0));
    auto* then = llvm::BasicBlock::Create(context_, "then", function);
    auto* otherwise = llvm::BasicBlock::Create(context_, "else", function);
    auto* join = llvm::BasicBlock::Create(context_, "join");
    b_.CreateCondBr(condition, then, otherwise);
    for (auto [at, statements] : {std::pair{then, &i.then}, std::pair{otherwise, &i.otherwise}}) {
      b_.SetInsertPoint(at);
      dims_.enterLoop();
      block(*statements);
      dims_.leaveLoop();
      b_.CreateBr(join);
    }
    join->insertInto(function);
    b_.SetInsertPoint(join);
  }

  void emit(const Let& l) {
    if (!l.buffer) {
      dims_.bindDim(l.var, l.value);
      return;
    }
    const Elem elem = kernel_.buffers[*l.buffer].elem;
    llvm::Value* loaded = b_.CreateLoad(memoryType(context_, elem), buffer(*l.buffer));
    llvm::Value* n = b_.CreateIntCast(loaded, b_.getInt64Ty(), core::isSigned(elem));
    // An unsigned 64-bit number beyond the signed range is beyond every extent.
    if (elem == Elem::U64)
      n = b_.CreateSelect(b_.CreateICmpSLT(n, b_.getInt64(0)), b_.getInt64(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())), n);
    n = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, n, dims_.value(l.value));
    dims_.bind(l.var, b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, n, b_.getInt64(0)));
  }

  void emit(const PhaseCall&) { core::internalError("phases exist in GPU schedules only", __FILE__, __LINE__); }
  void emit(const Barrier&) { core::internalError("barriers exist in GPU schedules only", __FILE__, __LINE__); }

  llvm::Module& module_;
  llvm::LLVMContext& context_;
  const LoopKernel& kernel_;
  Builder b_;
  DimEmitter dims_;
  llvm::BasicBlock* allocas_ = nullptr;
  llvm::Value* site_ = nullptr;
  /// Null where the kernel has a thread to itself.
  llvm::Value* team_ = nullptr;
  std::vector<llvm::Function*> nests_;
  std::vector<llvm::Value*> pointers_;
};

}  // namespace

void emitKernel(llvm::Module& module, const LoopKernel& kernel, const std::string& symbol, const std::vector<std::string>& nests) {
  KernelEmitter(module, kernel).run(symbol, nests);
}

std::unique_ptr<llvm::Module> emit(llvm::LLVMContext& context, const LoopKernel& kernel, const std::string& symbol) {
  auto module = std::make_unique<llvm::Module>(symbol, context);
  std::vector<std::string> nests;
  for (std::size_t f = 0; f < kernel.functions.size(); ++f) {
    nests.push_back(symbol + "." + std::to_string(f) + "." + kernel.functions[f].name);
    emitNest(*declareNest(*module, kernel.functions[f], nests.back()), kernel.functions[f]);
  }
  emitKernel(*module, kernel, symbol, nests);
  return module;
}

}  // namespace fedc::codegen
