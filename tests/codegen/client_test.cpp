#include "tests/codegen/native_support.h"
#include "tests/codegen/softmax_client.h"

namespace fedc::testing {
namespace {

using core::Elem;

void runClient(std::int64_t inputs, std::int64_t classes, std::int64_t batch, std::int64_t rows, const std::vector<Variant>& variants) {
  core::Module module;
  module.fns.push_back(softmaxClient(inputs, classes, batch));
  std::vector<core::Array> params = {core::Array::scalar(core::Literal::ofDouble(Elem::F32, 0.1)),
                                     randomArray(Elem::F32, {inputs, classes}, 1),
                                     randomArray(Elem::F32, {classes}, 2),
                                     randomArray(Elem::F32, {rows, inputs}, 3),
                                     randomArray(Elem::I32, {rows}, 4, false, classes),
                                     randomArray(Elem::Key, {}, 5),
                                     randomArray(Elem::F32, {inputs, classes}, 6),
                                     randomArray(Elem::F32, {classes}, 7),
                                     randomArray(Elem::F64, {}, 8)};
  expectAgreement(module, 0, {rows}, params, variants);
}

TEST(Client, DigitsInEveryVariant) { runClient(784, 10, 20, 47, allVariants()); }
TEST(Client, SixtyTwoClassesInEveryVariant) { runClient(61, 62, 10, 33, allVariants()); }
TEST(Client, OneRow) { runClient(37, 3, 10, 1, allVariants()); }
TEST(Client, NoRows) { runClient(37, 3, 10, 0, allVariants()); }
TEST(Client, ManyRowsShuffleInSeveralRounds) { runClient(5, 17, 64, 2000, {allVariants().front()}); }

}  // namespace
}  // namespace fedc::testing
