#include "compiler/codegen/emit_nest.h"

#include <llvm/IR/Intrinsics.h>

#include <set>
#include <unordered_map>
#include <vector>

#include "compiler/codegen/calls.h"
#include "compiler/codegen/emit_dim.h"
#include "compiler/codegen/emit_scalar.h"
#include "compiler/core/internal_error.h"
#include "compiler/core/strings.h"

namespace fedc::codegen {

using namespace kernel;
using core::Prim;

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

Op reduceOpOf(Accumulation::Kind kind) {
  switch (kind) {
    case Accumulation::Kind::Prod: return Op::Mul;
    case Accumulation::Kind::Max: return Op::Max;
    case Accumulation::Kind::Min: return Op::Min;
    case Accumulation::Kind::And: return Op::And;
    case Accumulation::Kind::Or: return Op::Or;
    default: return Op::Add;
  }
}

/// What a block of statements assigns that exists outside of it.
struct Assigned {
  std::set<int> registers;
  bool site = false;
};

void collectAssigned(const LoopBlock& block, Assigned& out) {
  std::set<int> declared;
  Assigned here;
  for (const LoopStatement& s : block)
    std::visit(Overloaded{
                   [&](const LoopFor& f) { collectAssigned(f.body, here); },
                   [&](const LoopUnroll& u) { collectAssigned(u.body, here); },
                   [&](const DeclareRegister& d) { declared.insert(d.reg); },
                   [&](const SetRegister& r) { here.registers.insert(r.reg); },
                   [&](const RequireTrue&) { here.site = true; },
                   [](const auto&) {},
               },
               s.node);
  for (int r : here.registers)
    if (declared.count(r) == 0) out.registers.insert(r);
  out.site = out.site || here.site;
}

/// How many integers the function takes: the uniforms, then the range of a split loop.
std::size_t intsOf(const NestFunction& fn) { return static_cast<std::size_t>(fn.uniforms) + (fn.split ? 2 : 0); }

class NestEmitter {
 public:
  NestEmitter(llvm::Function& function, const NestFunction& fn)
      : function_(function), context_(function.getContext()), fn_(fn), b_(context_), dims_(b_) {}

  void run() {
    for (std::size_t i = 0; i < fn_.buffers.size(); ++i) {
      buffers_.push_back(function_.getArg(static_cast<unsigned>(i)));
      buffers_.back()->setName(fn_.buffers[i].name);
    }
    b_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", &function_));
    const std::size_t ints = intsOf(fn_);
    for (std::size_t i = 0; i < ints; ++i) {
      llvm::Argument* arg = function_.getArg(static_cast<unsigned>(fn_.buffers.size() + i));
      arg->setName(fn_.ints[i].name);
      dims_.bind(static_cast<Int>(i), arg);
    }
    llvm::Value* slot = nullptr;
    if (fn_.checks) {
      slot = function_.getArg(static_cast<unsigned>(fn_.buffers.size() + ints));
      site_ = b_.CreateLoad(b_.getInt64Ty(), slot);
    }
    registers_.resize(fn_.registers.size());
    lets_.resize(static_cast<std::size_t>(fn_.lets));
    pointers_.emplace_back();
    block(fn_.body);
    if (slot != nullptr) b_.CreateStore(site_, slot);
    b_.CreateRetVoid();
  }

 private:
  // Statements.
  void block(const LoopBlock& statements) {
    for (const LoopStatement& s : statements) {
      memo_.clear();
      std::visit([this](const auto& node) { emit(node); }, s.node);
    }
  }

  void emit(const LoopFor& f) {
    const Dim begin = dims_.resolve(f.begin), end = dims_.resolve(f.end);
    auto first = begin.constant(), last = end.constant();
    bool certain = false;
    if (first && last) {
      if (*first >= *last) return;
      certain = true;
      if (*first + f.step >= *last) {
        dims_.bindConstant(f.var, *first);
        block(f.body);
        return;
      }
    }
    Assigned assigned;
    collectAssigned(f.body, assigned);
    llvm::Value* from = dims_.value(f.begin);
    llvm::Value* to = dims_.value(f.end);
    llvm::BasicBlock* before = b_.GetInsertBlock();
    auto* header = llvm::BasicBlock::Create(context_, "head", &function_);
    auto* body = llvm::BasicBlock::Create(context_, "loop", &function_);
    auto* exit = llvm::BasicBlock::Create(context_, "exit");
    if (certain) {
      b_.CreateBr(header);
    } else {
      b_.CreateCondBr(b_.CreateICmpSLT(from, to), header, exit);
    }
    b_.SetInsertPoint(header);
    b_.CreateBr(body);
    b_.SetInsertPoint(body);
    auto* var = b_.CreatePHI(b_.getInt64Ty(), 2);
    var->addIncoming(from, header);
    struct Carried {
      llvm::Value** place;
      llvm::Value* initial;
      llvm::PHINode* phi;
    };
    std::vector<Carried> carried;
    auto carry = [&](llvm::Value*& place) {
      auto* phi = b_.CreatePHI(place->getType(), 2);
      phi->addIncoming(place, header);
      carried.push_back({&place, place, phi});
      place = phi;
    };
    for (int r : assigned.registers)
      for (llvm::Value*& v : registers_[static_cast<std::size_t>(r)]) carry(v);
    if (assigned.site) carry(site_);
    dims_.enterLoop();
    pointers_.emplace_back();
    dims_.bind(f.var, var);
    block(f.body);
    dims_.leaveLoop();
    pointers_.pop_back();
    llvm::Value* next = b_.CreateAdd(var, b_.getInt64(static_cast<std::uint64_t>(f.step)), "", true, true);
    var->addIncoming(next, b_.GetInsertBlock());
    for (Carried& c : carried) c.phi->addIncoming(*c.place, b_.GetInsertBlock());
    llvm::BasicBlock* latch = b_.GetInsertBlock();
    b_.CreateCondBr(b_.CreateICmpSLT(next, to), body, exit);
    exit->insertInto(&function_);
    b_.SetInsertPoint(exit);
    if (!certain)
      for (Carried& c : carried) {
        auto* phi = b_.CreatePHI(c.initial->getType(), 2);
        phi->addIncoming(c.initial, before);
        phi->addIncoming(*c.place, latch);
        *c.place = phi;
      }
  }

  void emit(const LoopUnroll& u) {
    for (std::int64_t i = 0; i < u.count; ++i) {
      dims_.bindConstant(u.var, i);
      block(u.body);
    }
  }

  void emit(const DeclareRegister& d) {
    const RegisterInfo& r = fn_.registers[static_cast<std::size_t>(d.reg)];
    llvm::Type* type = widen(registerType(context_, r.elem), r.lanes ? kLanes : 1);
    registers_[static_cast<std::size_t>(d.reg)].assign(static_cast<std::size_t>(r.count), llvm::PoisonValue::get(type));
  }

  void emit(const LetInt& l) {
    if (!l.value) {
      dims_.bindDim(l.var, l.dim);
      return;
    }
    const Value& v = fn_.values[static_cast<std::size_t>(*l.value)];
    FEDC_REQUIRE(!v.lanes, "an integer of a nest has one value");
    dims_.bind(l.var, b_.CreateIntCast(value(*l.value), b_.getInt64Ty(), core::isSigned(v.elem)));
  }

  void emit(const LetValue& l) { lets_[static_cast<std::size_t>(l.let)] = value(l.value); }

  void emit(const SetRegister& s) {
    const RegisterInfo& r = fn_.registers[static_cast<std::size_t>(s.reg)];
    registers_[static_cast<std::size_t>(s.reg)][constantIndex(s.index)] = r.lanes ? wide(s.value) : value(s.value);
  }

  void emit(const StoreValue& s) {
    const Elem elem = fn_.buffers[s.buffer].elem;
    const llvm::Align align(static_cast<std::uint64_t>(core::elemBytes(elem)));
    llvm::Value* v = s.lanes ? wide(s.value) : value(s.value);
    if (elem == Elem::Bool) v = b_.CreateZExt(v, widen(b_.getInt8Ty(), s.lanes ? kLanes : 1));
    llvm::Value* address = pointer(s.buffer, s.offset);
    llvm::Value* mask = s.mask ? (s.lanes ? wide(*s.mask) : value(*s.mask)) : nullptr;
    if (mask != nullptr && isAllTrue(mask)) mask = nullptr;
    if (!s.lanes) {
      FEDC_REQUIRE(mask == nullptr, "a scalar store is not masked");
      b_.CreateAlignedStore(v, address, align);
    } else if (s.offsets) {
      llvm::Value* addresses = b_.CreateGEP(memoryType(context_, elem), address, wide(*s.offsets));
      b_.CreateMaskedScatter(v, addresses, align, mask);
    } else if (mask != nullptr) {
      b_.CreateMaskedStore(v, address, align, mask);
    } else {
      b_.CreateAlignedStore(v, address, align);
    }
  }

  void emit(const Prefetch& p) {
    // Read, into all caches, data.
    b_.CreateIntrinsic(llvm::Intrinsic::prefetch, {b_.getPtrTy()}, {pointer(p.buffer, p.offset), b_.getInt32(0), b_.getInt32(3), b_.getInt32(1)});
  }

  void emit(const RequireTrue& r) {
    const bool lanes = fn_.values[static_cast<std::size_t>(r.condition)].lanes;
    llvm::Value* bad = b_.CreateNot(value(r.condition));
    if (lanes) {
      if (r.mask) bad = b_.CreateAnd(bad, wide(*r.mask));
      bad = b_.CreateOrReduce(bad);
    }
    llvm::Value* lowest = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, site_, b_.getInt64(r.site));
    site_ = b_.CreateSelect(bad, lowest, site_);
  }

  // Values.
  std::size_t constantIndex(const Dim& d) {
    auto c = dims_.resolve(d).constant();
    FEDC_REQUIRE(c.has_value(), "a register's index is a constant");
    return static_cast<std::size_t>(*c);
  }

  llvm::Value* splat(llvm::Value* v) { return b_.CreateVectorSplat(kLanes, v); }

  llvm::Value* wide(ValueId id) {
    llvm::Value* v = value(id);
    return v->getType()->isVectorTy() ? v : splat(v);
  }

  static bool isAllTrue(llvm::Value* mask) {
    auto* c = llvm::dyn_cast<llvm::Constant>(mask);
    return c != nullptr && c->isAllOnesValue();
  }

  llvm::Value* value(ValueId id) {
    if (auto it = memo_.find(id); it != memo_.end()) return it->second;
    llvm::Value* v = emitValue(fn_.values[static_cast<std::size_t>(id)]);
    memo_[id] = v;
    return v;
  }

  llvm::Value* pointer(BufferId buffer, const Dim& offset) {
    const Dim resolved = dims_.resolve(offset);
    const Dim::Term* constant = nullptr;
    for (const Dim::Term& t : resolved.terms())
      if (t.atoms.empty()) constant = &t;
    const std::int64_t c = constant != nullptr ? constant->coefficient : 0;
    const Dim rest = c != 0 ? resolved - Dim(c) : resolved;
    llvm::Type* type = memoryType(context_, fn_.buffers[buffer].elem);
    llvm::Value* base = buffers_[buffer];
    if (!rest.isConstant(0)) {
      const std::pair<BufferId, Dim> key(buffer, rest);
      base = nullptr;
      for (auto scope = pointers_.rbegin(); scope != pointers_.rend() && base == nullptr; ++scope)
        if (auto it = scope->find(key); it != scope->end()) base = it->second;
      if (base == nullptr) {
        base = b_.CreateGEP(type, buffers_[buffer], dims_.sum(rest).value);
        pointers_.back()[key] = base;
      }
    }
    if (c == 0) return base;
    return b_.CreateGEP(type, base, b_.getInt64(static_cast<std::uint64_t>(c)));
  }

  llvm::Value* emitValue(const Value& v) {
    const int width = v.lanes ? kLanes : 1;
    switch (v.kind) {
      case Value::Kind::Literal:
        if (v.elem == Elem::Str && v.literal.bits != core::kEmptyString) return stringNumber(v.literal);
        return constantOf(context_, v.literal, 1);
      case Value::Kind::Integer: return integer(v);
      case Value::Kind::Load: return load(v);
      case Value::Kind::Register: return registers_[static_cast<std::size_t>(v.reg)][constantIndex(v.dim)];
      case Value::Kind::Let: return lets_[static_cast<std::size_t>(v.let)];
      case Value::Kind::Scalar: {
        std::vector<Elem> elems;
        for (ValueId a : v.args) elems.push_back(fn_.values[static_cast<std::size_t>(a)].elem);
        return emitProgram(b_, core::scalarProgram(v.op, elems, v.elem), args(v), width);
      }
      case Value::Kind::Primitive: {
        const bool comparison = v.prim >= Prim::Eq && v.prim <= Prim::Ge;
        return emitPrimitive(b_, v.prim, comparison ? v.from : v.elem, v.from, args(v), width);
      }
      case Value::Kind::RandomBits: return randomBits(v, width);
      case Value::Kind::Fold: return fold(v);
      case Value::Kind::FoldIndex: return foldIndex(v);
      case Value::Kind::LaneMask: return laneMask(v);
    }
    return nullptr;
  }

  std::vector<llvm::Value*> args(const Value& v) {
    std::vector<llvm::Value*> out;
    for (ValueId a : v.args) out.push_back(v.lanes ? wide(a) : value(a));
    return out;
  }

  llvm::Value* integer(const Value& v) {
    llvm::Type* type = registerType(context_, v.elem);
    llvm::Value* base = b_.CreateIntCast(dims_.value(v.dim), type, true);
    if (!v.lanes) return base;
    std::vector<llvm::Constant*> lanes;
    for (int i = 0; i < kLanes; ++i) lanes.push_back(llvm::ConstantInt::get(type, static_cast<std::uint64_t>(i)));
    llvm::Value* numbers = llvm::ConstantVector::get(lanes);
    const Dim step = dims_.resolve(v.laneStep);
    if (step.isConstant(0)) return splat(base);
    if (!step.isConstant(1)) numbers = b_.CreateMul(numbers, splat(b_.CreateIntCast(dims_.value(v.laneStep), type, true)));
    return b_.CreateAdd(numbers, splat(base));
  }

  llvm::Value* load(const Value& v) {
    llvm::Type* type = memoryType(context_, v.elem);
    const llvm::Align align(static_cast<std::uint64_t>(core::elemBytes(v.elem)));
    llvm::Value* mask = v.mask ? (v.lanes ? wide(*v.mask) : value(*v.mask)) : nullptr;
    if (mask != nullptr && isAllTrue(mask)) mask = nullptr;
    llvm::Value* result = nullptr;
    if (!v.lanes) {
      if (mask == nullptr) {
        result = b_.CreateAlignedLoad(type, pointer(v.buffer, v.dim), align);
      } else {
        // The first element always exists: what is not wanted is read there and dropped.
        llvm::Value* offset = b_.CreateSelect(mask, dims_.value(v.dim), b_.getInt64(0));
        llvm::Value* loaded = b_.CreateAlignedLoad(type, b_.CreateGEP(type, buffers_[v.buffer], offset), align);
        result = b_.CreateSelect(mask, loaded, llvm::Constant::getNullValue(type));
      }
    } else {
      llvm::Type* vector = widen(type, kLanes);
      llvm::Value* address = pointer(v.buffer, v.dim);
      llvm::Constant* zero = llvm::Constant::getNullValue(vector);
      if (v.offsets) {
        llvm::Value* addresses = b_.CreateGEP(type, address, wide(*v.offsets));
        if (mask == nullptr) mask = llvm::Constant::getAllOnesValue(widen(b_.getInt1Ty(), kLanes));
        result = b_.CreateMaskedGather(vector, addresses, align, mask, zero);
      } else if (mask != nullptr) {
        result = b_.CreateMaskedLoad(vector, address, align, mask, zero);
      } else {
        result = b_.CreateAlignedLoad(vector, address, align);
      }
    }
    if (v.elem == Elem::Bool) result = b_.CreateICmpNE(result, llvm::Constant::getNullValue(result->getType()));
    return result;
  }

  /// A string's number in the process that runs the code: what the linker puts under the text's symbol.
  llvm::Value* stringNumber(core::Literal literal) {
    llvm::Module& module = *function_.getParent();
    auto* place = llvm::cast<llvm::GlobalVariable>(
        module.getOrInsertGlobal(stringSymbol(core::textOf(static_cast<core::StringId>(literal.bits))), b_.getInt32Ty()));
    place->setConstant(true);
    return b_.CreateLoad(b_.getInt32Ty(), place);
  }

  llvm::Value* randomBits(const Value& v, int width) {
    const std::vector<llvm::Value*> in = args(v);
    llvm::Type* i32 = widen(b_.getInt32Ty(), width);
    llvm::Type* i64 = widen(b_.getInt64Ty(), width);
    llvm::Value* counter = b_.CreateIntCast(in[1], i64, false);
    llvm::Value* words[3] = {in[0], b_.CreateTrunc(b_.CreateLShr(counter, llvm::ConstantInt::get(i64, 32)), i32), b_.CreateTrunc(counter, i32)};
    llvm::Value* both = emitProgram(b_, core::threefryProgram(), words, width);
    if (v.elem != Elem::U32) return both;
    llvm::Value* high = b_.CreateTrunc(b_.CreateLShr(both, llvm::ConstantInt::get(i64, 32)), i32);
    return b_.CreateXor(high, b_.CreateTrunc(both, i32));
  }

  /// The upper half of a vector (or scalar pair) and the lower.
  std::pair<llvm::Value*, llvm::Value*> halves(llvm::Value* v, int width) {
    if (width == 1) return {b_.CreateExtractElement(v, std::uint64_t{0}), b_.CreateExtractElement(v, std::uint64_t{1})};
    std::vector<int> low, high;
    for (int i = 0; i < width; ++i) {
      low.push_back(i);
      high.push_back(i + width);
    }
    return {b_.CreateShuffleVector(v, low), b_.CreateShuffleVector(v, high)};
  }

  llvm::Value* fold(const Value& v) {
    llvm::Value* x = wide(v.args[0]);
    const Elem elems[] = {v.elem, v.elem};
    const core::ScalarProgram& program = core::scalarProgram(reduceOpOf(v.fold), elems, v.elem);
    for (int width = kLanes / 2; width >= 1; width /= 2) {
      auto [low, high] = halves(x, width);
      llvm::Value* both[] = {low, high};
      x = emitProgram(b_, program, both, width);
    }
    return x;
  }

  llvm::Value* foldIndex(const Value& v) {
    const Elem elem = fn_.values[static_cast<std::size_t>(v.args[0])].elem;
    llvm::Value* x = wide(v.args[0]);
    llvm::Value* index = wide(v.args[1]);
    const Prim better = v.fold == Accumulation::Kind::ArgMax ? Prim::Gt : Prim::Lt;
    for (int width = kLanes / 2; width >= 1; width /= 2) {
      auto [x0, x1] = halves(x, width);
      auto [i0, i1] = halves(index, width);
      auto compare = [&, w = width](Prim p, Elem e, llvm::Value* a, llvm::Value* c) {
        llvm::Value* two[] = {a, c};
        return emitPrimitive(b_, p, e, e, two, w);
      };
      llvm::Value* take = compare(better, elem, x1, x0);
      llvm::Value* equal = compare(Prim::Eq, elem, x1, x0);
      if (core::isFloat(elem)) {
        llvm::Value* nan0 = compare(Prim::Ne, elem, x0, x0);
        llvm::Value* nan1 = compare(Prim::Ne, elem, x1, x1);
        take = b_.CreateOr(take, b_.CreateAnd(nan1, b_.CreateNot(nan0)));
        equal = b_.CreateOr(equal, b_.CreateAnd(nan1, nan0));
      }
      take = b_.CreateOr(take, b_.CreateAnd(equal, compare(Prim::Lt, Elem::I32, i1, i0)));
      x = b_.CreateSelect(take, x1, x0);
      index = b_.CreateSelect(take, i1, i0);
    }
    return index;
  }

  llvm::Value* laneMask(const Value& v) {
    const Dim count = dims_.resolve(v.dim);
    std::vector<llvm::Constant*> bits, numbers;
    if (auto c = count.constant()) {
      for (int i = 0; i < kLanes; ++i) bits.push_back(b_.getInt1(i < *c));
      return llvm::ConstantVector::get(bits);
    }
    for (int i = 0; i < kLanes; ++i) numbers.push_back(b_.getInt32(static_cast<std::uint32_t>(i)));
    llvm::Value* n = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, dims_.value(v.dim), b_.getInt64(kLanes));
    n = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, n, b_.getInt64(0));
    return b_.CreateICmpSLT(llvm::ConstantVector::get(numbers), splat(b_.CreateTrunc(n, b_.getInt32Ty())));
  }

  llvm::Function& function_;
  llvm::LLVMContext& context_;
  const NestFunction& fn_;
  Builder b_;
  DimEmitter dims_;
  std::vector<llvm::Value*> buffers_;
  llvm::Value* site_ = nullptr;
  std::vector<std::vector<llvm::Value*>> registers_;
  std::vector<llvm::Value*> lets_;
  std::unordered_map<ValueId, llvm::Value*> memo_;
  /// Addresses computed, a map for each loop that is open.
  std::vector<std::map<std::pair<BufferId, Dim>, llvm::Value*>> pointers_;
};

}  // namespace

void setComputeAttributes(llvm::Function& function) {
  function.addFnAttr("denormal-fp-math", "preserve-sign,preserve-sign");
  function.addFnAttr("prefer-vector-width", "512");
}

llvm::Function* declareNest(llvm::Module& module, const NestFunction& fn, const std::string& name) {
  llvm::LLVMContext& context = module.getContext();
  std::vector<llvm::Type*> params(fn.buffers.size(), llvm::PointerType::get(context, 0));
  params.insert(params.end(), intsOf(fn), llvm::Type::getInt64Ty(context));
  if (fn.checks) params.push_back(llvm::PointerType::get(context, 0));
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), params, false);
  auto* f = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
  f->setVisibility(llvm::GlobalValue::HiddenVisibility);
  f->setDSOLocal(true);
  setComputeAttributes(*f);
  f->addFnAttr(llvm::Attribute::NoUnwind);
  f->addFnAttr(llvm::Attribute::WillReturn);
  f->addFnAttr(llvm::Attribute::NoInline);
  f->setOnlyAccessesArgMemory();
  for (unsigned i = 0; i < fn.buffers.size(); ++i) {
    f->addParamAttr(i, llvm::Attribute::NoAlias);
    f->addParamAttr(i, llvm::Attribute::NoCapture);
    // What is only read may be a client's column, which lies where its owner has put it.
    const int alignment = fn.buffers[i].written ? 64 : core::elemBytes(fn.buffers[i].elem);
    f->addParamAttr(i, llvm::Attribute::getWithAlignment(context, llvm::Align(static_cast<std::uint64_t>(alignment))));
    if (!fn.buffers[i].written) f->addParamAttr(i, llvm::Attribute::ReadOnly);
  }
  if (fn.checks) f->addParamAttr(static_cast<unsigned>(params.size() - 1), llvm::Attribute::NoAlias);
  return f;
}

void emitNest(llvm::Function& declared, const NestFunction& function) { NestEmitter(declared, function).run(); }

}  // namespace fedc::codegen
