#pragma once

#include "compiler/support/dim.h"

namespace fedc {

/// A factor of a term as an extent of its own.
Dim ofAtom(const Dim::Atom& atom);

}  // namespace fedc
