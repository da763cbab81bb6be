#pragma once

#include <string>
#include <vector>

namespace fedc::tests {

/// Sanitizers map terabytes, keep what was freed, and are slow.
inline constexpr bool kIsSanitized = FEDC_IS_SANITIZED != 0;

/// What a run of build/bin/fedc left behind.
struct BinaryResult {
  int exitCode = -1;
  std::string out;
  std::string err;
  /// What it took: time of all its threads, and the most memory that it had resident at a time.
  double cpuSeconds = 0;
  long long peakBytes = 0;
};

/// The program that was built: build/bin/fedc, or what the environment's FEDC_BINARY names.
const char* binaryPath();

/// Runs it, without a terminal; `interruptAfterLine`: SIGINT is sent when standard output or error has shown this text;
/// `in`: the working directory, if it is not one of the test program's own.
BinaryResult fedc(const std::vector<std::string>& arguments, const std::string& interruptAfter = {}, const std::string& in = {});
/// The same for what may not take more: over these limits the system ends it (exit code 128 and the signal) or gives no more memory.
BinaryResult boundedFedc(const std::vector<std::string>& arguments, unsigned seconds, unsigned long megabytes);
/// The same where no file may be longer than this, as on a disk that is full.
BinaryResult fedcOnAFullDisk(const std::vector<std::string>& arguments, unsigned long bytes);

/// The same with standard output, or what else has this number, into a file (`/dev/full`).
BinaryResult fedcInto(const std::string& file, const std::vector<std::string>& arguments, int descriptor = 1);

/// A folder that is gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  /// Writes a file, gives its path.
  std::string write(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace fedc::tests
