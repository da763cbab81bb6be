# Every dependency and its target; docs/dependencies.md says what each is for.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(TBB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
set(HDF5_PREFER_PARALLEL FALSE)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(LLVM 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/llvm)

add_library(fedc_hdf5 INTERFACE)
target_include_directories(fedc_hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
target_link_libraries(fedc_hdf5 INTERFACE ${HDF5_LIBRARIES})

find_path(DEFLATE_INCLUDE libdeflate.h REQUIRED)
find_library(DEFLATE_LIBRARY deflate REQUIRED)
add_library(fedc_deflate INTERFACE)
target_include_directories(fedc_deflate SYSTEM INTERFACE ${DEFLATE_INCLUDE})
target_link_libraries(fedc_deflate INTERFACE ${DEFLATE_LIBRARY})

find_package(SQLite3 REQUIRED)

add_library(fedc_llvm INTERFACE)
target_include_directories(fedc_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(fedc_llvm INTERFACE ${llvm_definitions})
# The shared library: one file of 130 MB for every program, instead of minutes of linking for each.
target_link_libraries(fedc_llvm INTERFACE LLVM)

# The grammar: antlr4 writes the sources, a library of its own compiles them without our warnings.
find_program(ANTLR4 antlr4 REQUIRED)
set(antlr_out ${CMAKE_BINARY_DIR}/grammar)
set(antlr_sources ${antlr_out}/FedLexer.cpp ${antlr_out}/FedParser.cpp)
add_custom_command(
  OUTPUT ${antlr_sources} ${antlr_out}/FedLexer.h ${antlr_out}/FedParser.h
  COMMAND ${CMAKE_COMMAND} -E make_directory ${antlr_out}
  COMMAND ${ANTLR4} -Dlanguage=Cpp -no-listener -no-visitor -package fedc::grammar -o ${antlr_out} -Xexact-output-dir
          ${CMAKE_SOURCE_DIR}/grammar/Fed.g4
  DEPENDS ${CMAKE_SOURCE_DIR}/grammar/Fed.g4
  COMMENT "Generating the parser from grammar/Fed.g4")
find_path(ANTLR_INCLUDE antlr4-runtime.h PATH_SUFFIXES antlr4-runtime REQUIRED)
find_library(ANTLR_LIBRARY antlr4-runtime REQUIRED)
add_library(fedc_antlr STATIC ${antlr_sources})
target_compile_options(fedc_antlr PRIVATE -w -fno-char8_t)
target_include_directories(fedc_antlr SYSTEM PUBLIC ${ANTLR_INCLUDE} ${antlr_out})
target_link_libraries(fedc_antlr PUBLIC ${ANTLR_LIBRARY})
