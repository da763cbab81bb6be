# How our code is compiled: flags, build types, sanitizers, linker.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# As they are installed, so that what is found relative to a program or library is found in both.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
# The modules are archives that programs, tests and libfedc.so link alike. Hidden symbols make position-independent code as good as any other.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, Fuzz, Coverage or Sanitizer" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g -D_GLIBCXX_ASSERTIONS")
# For scripts/coverage.sh, and for long runs of the fuzz targets.
set(CMAKE_CXX_FLAGS_COVERAGE "-O1 --coverage -fprofile-update=atomic")
set(CMAKE_EXE_LINKER_FLAGS_COVERAGE "--coverage")
set(CMAKE_CXX_FLAGS_FUZZ "-O2 -g1 -D_GLIBCXX_ASSERTIONS")
# Line tables are all that a sanitizer's report needs; full debug information triples the size of the objects.
set(CMAKE_CXX_FLAGS_SANITIZER "-O1 -g1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS")

# fma is always written out; the compiler must not form one of its own.
add_compile_options(-Wall -Wextra -Wpedantic -Werror -ffp-contract=off -fno-char8_t)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees overlapping copies in `string = "literal"` (GCC bug 105651).
  add_compile_options(-Wno-restrict)
endif()
# One binary for every x86-64 machine of the last decade: only what the JIT writes is for the host's own CPU.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=x86-64-v2)
endif()

# The artifact cache tells builds apart by it.
add_link_options(-Wl,--build-id=sha1)

set(FEDC_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them")
option(FEDC_FUZZ "Build the libFuzzer programs of tests/fuzz, too; needs clang" OFF)
if(FEDC_FUZZ)
  # What libFuzzer is steered by; its main function comes with the targets only (tests/fuzz/CMakeLists.txt). In other programs a sanitizer's run-time
  # library takes the calls.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FEDC_SANITIZE)
  add_compile_options(-fsanitize=${FEDC_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FEDC_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # It would look for its mark before the first instruction of what the JIT wrote, and of plugins written in C.
    add_compile_options(-fno-sanitize=function)
  endif()
endif()

if(FEDC_SANITIZE OR FEDC_FUZZ OR CMAKE_BUILD_TYPE STREQUAL Coverage)
  # Instrumented code makes g++'s flow-based warnings see ghosts; the release build is the one that judges warnings.
  add_compile_options(-Wno-error)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# A fast linker where there is one; the default linker gives the same program.
find_program(MOLD mold)
find_program(LLD ld.lld)
if(MOLD)
  add_link_options(-fuse-ld=mold)
elseif(LLD)
  add_link_options(-fuse-ld=lld)
endif()
