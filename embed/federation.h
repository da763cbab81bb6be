#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "include/fedc/fedc.h"
#include "runtime/process/run.h"

namespace fedc {

struct Federation::Impl {
  struct Client {
    std::string id;
    NamedArrays features;
  };
  struct Memory {
    std::vector<Client> clients;
  };
  struct Lazy {
    std::vector<std::string> ids;
    std::function<Result<NamedArrays>(const std::string& id)> read;
  };
  struct File {
    std::string path;
  };
  std::variant<Memory, Lazy, File> kind;
  /// What was done to it that cannot be done; a run says so.
  std::string misuse;
};

namespace embed {

/// As the runtime takes it: a path, or what opens it.
void useFederation(const Federation& federation, std::string& path, runtime::OpenClients& open);

}  // namespace embed
}  // namespace fedc
