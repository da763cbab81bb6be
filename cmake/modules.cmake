# One folder is one library; its sources are globbed, so none can be forgotten.
function(fedc_module name folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
  if(sources)
    add_library(fedc_${name} STATIC ${sources})
    target_include_directories(fedc_${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(fedc_${name} PUBLIC ${ARG_LINK})
    target_compile_definitions(fedc_${name} PRIVATE FEDC_VERSION="${PROJECT_VERSION}")
  else()
    add_library(fedc_${name} INTERFACE)
    target_include_directories(fedc_${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(fedc_${name} INTERFACE ${ARG_LINK})
  endif()
endfunction()

# A program: main.cpp, and a library fedc_LIBRARY of the folder's other sources, which tests link.
function(fedc_program name folder)
  cmake_parse_arguments(ARG "" "LIBRARY" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
  list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${folder}/main.cpp)
  if(sources)
    add_library(fedc_${ARG_LIBRARY} STATIC ${sources})
    target_link_libraries(fedc_${ARG_LIBRARY} PUBLIC ${ARG_LINK})
    target_compile_definitions(fedc_${ARG_LIBRARY} PRIVATE FEDC_VERSION="${PROJECT_VERSION}")
    add_executable(${name} ${CMAKE_SOURCE_DIR}/${folder}/main.cpp)
    target_link_libraries(${name} PRIVATE fedc_${ARG_LIBRARY})
  endif()
endfunction()

# The standard library is found beside the binary, at ../share/fedc/stdlib, installed and in the build tree alike
# (there it is a link to the sources). FEDC_STDLIB_DIR, the sources' own place, is MODULE's last resort.
function(fedc_stdlib folder module)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/share/fedc)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${CMAKE_BINARY_DIR}/share/fedc/stdlib SYMBOLIC)
  get_target_property(type fedc_${module} TYPE)
  if(NOT type STREQUAL INTERFACE_LIBRARY)
    target_compile_definitions(fedc_${module} PRIVATE FEDC_STDLIB_DIR="${CMAKE_SOURCE_DIR}/${folder}")
  endif()
endfunction()

# libfedc.so: fedc_MODULE with all that it needs, the standard library's texts (LIBRARY/*.fed) in it. It shows what include/fedc declares, nothing else.
function(fedc_library module library)
  set(texts ${CMAKE_BINARY_DIR}/generated/library_texts.cpp)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${library}/*.fed)
  add_custom_command(OUTPUT ${texts}
    COMMAND ${CMAKE_COMMAND} -D OUT=${texts} -D FOLDER=${CMAKE_SOURCE_DIR}/${library} -D PREFIX=${library}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_texts.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_texts.cmake
    COMMENT "Writing ${library}/*.fed into a source")
  target_sources(fedc_${module} PRIVATE ${texts})
  target_include_directories(fedc_${module} PUBLIC ${CMAKE_SOURCE_DIR}/include)

  # Instrumented code needs a program that is instrumented, too.
  if(FEDC_SANITIZE OR FEDC_FUZZ)
    return()
  endif()
  set(symbols ${CMAKE_SOURCE_DIR}/cmake/libfedc.symbols)
  # The archive's objects are all wanted, though nobody names them.
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/empty.cpp CONTENT "")
  add_library(libfedc SHARED ${CMAKE_BINARY_DIR}/generated/empty.cpp)
  target_link_libraries(libfedc PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,fedc_${module}>)
  target_link_options(libfedc PRIVATE -Wl,--version-script=${symbols} -Wl,-z,defs)
  set_target_properties(libfedc PROPERTIES OUTPUT_NAME fedc VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS ${symbols} EXPORT_NAME fedc)
  target_include_directories(libfedc INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(libfedc INTERFACE cxx_std_20)
  add_library(fedc::fedc ALIAS libfedc)
  # What a plugin with native functions needs: a header (docs/native.md).
  add_library(fedc_plugin INTERFACE)
  set_target_properties(fedc_plugin PROPERTIES EXPORT_NAME plugin)
  target_include_directories(fedc_plugin INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  add_library(fedc::plugin ALIAS fedc_plugin)
endfunction()

if(FEDC_SANITIZE)
  set(FEDC_TEST_TIMEOUT 1200)
else()
  set(FEDC_TEST_TIMEOUT 600)
endif()

set(FEDC_TESTS_LEFT_OUT "" CACHE STRING "Suites of tests that are not built")

# tests/NAME/*.cpp is one GoogleTest program over the library fedc_NAME; its tests carry NAME as prefix and as label.
function(fedc_tests name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*.cpp)
  if(sources AND NOT name IN_LIST FEDC_TESTS_LEFT_OUT)
    add_executable(${name}_tests ${sources})
    target_link_libraries(${name}_tests PRIVATE fedc_${name} ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_tests PRIVATE
      FEDC_SOURCE_DIR="${CMAKE_SOURCE_DIR}" FEDC_BINARY="${CMAKE_BINARY_DIR}/bin/fedc")
    if(FEDC_SANITIZE AND NOT name STREQUAL cli)
      # Thousands of starts of large programs would take longer than their tests.
      foreach(shard 1 2 3 4)
        math(EXPR index "${shard} - 1")
        add_test(NAME ${name}.${shard}_of_4 COMMAND ${name}_tests --gtest_brief=1)
        set_tests_properties(${name}.${shard}_of_4 PROPERTIES LABELS ${name} TIMEOUT ${FEDC_TEST_TIMEOUT}
          ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${index}")
      endforeach()
      return()
    endif()
    include(GoogleTest)
    gtest_discover_tests(${name}_tests TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
      PROPERTIES LABELS ${name} TIMEOUT ${FEDC_TEST_TIMEOUT})
  endif()
endfunction()
