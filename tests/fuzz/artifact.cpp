// An artifact of the cache: its content as decode meets it behind the checksum, and the file around it.
// links: fedc_driver
#include "compiler/driver/artifact.h"

#include "compiler/driver/cache.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool artifact(std::string_view input);

bool artifact(std::string_view input) {
  require(!driver::unpackFile(input, "key"), "only what packFile wrote is unpacked");
  require(driver::unpackFile(driver::packFile("key", input), "key") == std::string(input), "what packFile wrote is unpacked");
  const auto read = driver::decode(input);
  if (!read) return false;
  // Extents come in any form, and are written in one.
  const std::string written = driver::encode(*read);
  const auto again = driver::decode(written);
  require(again.has_value(), "what encode wrote is decoded");
  require(driver::encode(*again) == written, "and is the same");
  return true;
}

}  // namespace fedc::fuzz
