// libFuzzer's entry: one program for each target.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fedc::fuzz {
bool FEDC_FUZZ_TARGET(std::string_view input);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fedc::fuzz::FEDC_FUZZ_TARGET(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
