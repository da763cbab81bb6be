#include "runtime/graph/function_call.h"

#include <algorithm>
#include <cstring>

#include "runtime/graph/call.h"
#include "runtime/value/layout.h"
#include "runtime/value/random.h"

namespace fedc::runtime {

using core::ClientInput;
using core::ClientOutput;

const std::int64_t* ClientAt::dims() const {
  static constexpr std::int64_t kNone = 0;
  return columns == nullptr ? &kNone : columns->dims();
}

bool FunctionCall::liesAtPosition(const ClientResult& result) const {
  if (result.kind != ClientOutput::Kind::Carry && result.kind != ClientOutput::Kind::Collect) return false;
  return result.layout == values_->positionLayout(result.index);
}

void FunctionCall::begin(const PhasePlan& phase, const PiecePlan& piece, GraphValues& values, std::span<const Buffer> taken,
                         std::span<const Buffer> made) {
  phase_ = &phase;
  piece_ = &piece;
  values_ = &values;
  taken_ = taken;
  made_ = made;
  told_.resize(piece.extents.size());
  const std::size_t params = piece.params.size();
  own_.resize(std::max(own_.size(), params + piece.results.size()));
  buffers_.assign(params, nullptr);
  for (std::size_t p = 0; p < params; ++p) {
    const ClientBuffer& param = piece.params[p];
    if (param.kind == ClientInput::Kind::Down) buffers_[p] = const_cast<char*>(values.cell(param.index));
    if (param.kind == ClientInput::Kind::Key || GraphValues::isOwn(param.kind)) {
      own_[p].ensure(param.layout.bytes());
      buffers_[p] = own_[p].data();
    }
  }
  for (std::size_t r = 0; r < piece.results.size(); ++r) {
    const ClientResult& result = piece.results[r];
    if (result.parameter >= 0) continue;
    if (result.kind == ClientOutput::Kind::Crossed || liesAtPosition(result)) {
      buffers_.push_back(nullptr);
    } else {
      own_[params + r].ensure(result.layout.bytes());
      buffers_.push_back(own_[params + r].data());
    }
  }
}

std::int64_t FunctionCall::run(const ClientAt& client, Buffer& arena, Team* team) noexcept {
  const PiecePlan& piece = *piece_;
  for (std::size_t p = 0; p < piece.params.size(); ++p) {
    const ClientBuffer& param = piece.params[p];
    switch (param.kind) {
      case ClientInput::Kind::Accumulator: buffers_[p] = client.accumulator + phase_->offsets[static_cast<std::size_t>(param.index)]; break;
      case ClientInput::Kind::Column: buffers_[p] = const_cast<void*>(client.columns->columns[static_cast<std::size_t>(param.index)]); break;
      case ClientInput::Kind::Key: {
        Key key = 0;
        std::memcpy(&key, values_->cell(param.index), sizeof key);
        key = clientKey(key, client.idHash);
        std::memcpy(buffers_[p], &key, sizeof key);
        break;
      }
      case ClientInput::Kind::Carry:
      case ClientInput::Kind::State:
      case ClientInput::Kind::Row: values_->give(param, client.position, client.before, buffers_[p]); break;
      // It may have grown.
      case ClientInput::Kind::Crossed: buffers_[p] = taken_[static_cast<std::size_t>(param.index)].data(); break;
      case ClientInput::Kind::Down: break;
    }
  }
  std::size_t next = piece.params.size();
  for (const ClientResult& result : piece.results) {
    if (result.parameter >= 0) continue;
    if (result.kind == ClientOutput::Kind::Crossed) buffers_[next] = made_[static_cast<std::size_t>(result.index)].data();
    if (liesAtPosition(result)) buffers_[next] = values_->positions(result.index).at(client.position);
    ++next;
  }
  for (std::size_t i = 0; i < told_.size(); ++i) std::memcpy(&told_[i], taken_[static_cast<std::size_t>(piece.extents[i])].data(), sizeof told_[i]);
  const std::int64_t failed = call(*piece.fn, buffers_.data(), told_.empty() ? client.dims() : told_.data(), arena, team);
  next = piece.params.size();
  for (const ClientResult& result : piece.results) {
    if (result.parameter >= 0) continue;
    const void* const from = buffers_[next++];
    if (result.kind == ClientOutput::Kind::Accumulator || result.kind == ClientOutput::Kind::State) {
      values_->take(*phase_, result, from, client.accumulator, client.after);
    } else if (result.kind != ClientOutput::Kind::Crossed && !liesAtPosition(result)) {
      convert(from, result.layout, values_->positions(result.index).at(client.position), values_->positionLayout(result.index), 0);
    }
  }
  return failed;
}

}  // namespace fedc::runtime
