#include "compiler/core/linalg.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <limits>

namespace fedc::core {

namespace {

template <class T>
void solveAs(std::int64_t n, std::int64_t m, const void* a, const void* b, void* x) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> left(static_cast<const T*>(a), n, n), right(static_cast<const T*>(b), n, m);
  Eigen::Map<Matrix> out(static_cast<T*>(x), n, m);
  if (n == 0 || m == 0) return;
  const Eigen::LLT<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>, Eigen::Lower> factors(left);
  // LLT accepts a NaN on the diagonal (the comparison is false); the solution is then NaN by itself.
  if (factors.info() == Eigen::Success) {
    out = factors.solve(right);
  } else {
    out.setConstant(std::numeric_limits<T>::quiet_NaN());
  }
}

}  // namespace

void choleskySolve(Elem elem, std::int64_t n, std::int64_t m, const void* a, const void* b, void* x) {
  if (elem == Elem::F64) {
    solveAs<double>(n, m, a, b, x);
  } else {
    solveAs<float>(n, m, a, b, x);
  }
}

}  // namespace fedc::core
