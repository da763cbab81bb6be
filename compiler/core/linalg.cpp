#include "compiler/core/linalg.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <limits>

namespace fedc::core {

namespace {

template <class T>
void solveAs(std::int64_t n, std::int64_t m, const void* a, const void* b, void* x, void* scratch) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> left(static_cast<const T*>(a), n, n), right(static_cast<const T*>(b), n, m);
  Eigen::Map<Matrix> out(static_cast<T*>(x), n, m);
  if (n == 0 || m == 0) return;
  using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  Eigen::Map<Columns> factor(static_cast<T*>(scratch), n, n);
  factor = left;
  Eigen::Ref<Columns> inPlace(factor);
  const Eigen::LLT<Eigen::Ref<Columns>, Eigen::Lower> factors(inPlace);
  // LLT accepts a NaN on the diagonal (the comparison is false); the solution is then NaN by itself.
  if (factors.info() == Eigen::Success) {
    out = right;
    factors.solveInPlace(out);
  } else {
    out.setConstant(std::numeric_limits<T>::quiet_NaN());
  }
}

}  // namespace

void choleskySolve(Elem elem, std::int64_t n, std::int64_t m, const void* a, const void* b, void* x, void* scratch) {
  if (elem == Elem::F64) {
    solveAs<double>(n, m, a, b, x, scratch);
  } else {
    solveAs<float>(n, m, a, b, x, scratch);
  }
}

}  // namespace fedc::core
