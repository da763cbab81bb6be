#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/client_source.h"

namespace fedc::runtime {

/// Whether data is named by what makes it (`synthetic:…`), not by a path.
bool isGenerated(std::string_view data);

/// Opens what `--data` and `data` in a `run` block name, for these columns: `synthetic:…` (synthetic.h), else a file (hdf5_source.h).
Expected<std::shared_ptr<ClientSource>, DataError> openData(const std::string& data, const std::vector<core::Column>& columns);

}  // namespace fedc::runtime
