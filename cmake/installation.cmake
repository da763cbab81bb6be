# What `cmake --install` and `make install` put where (docs/install.md), and the CMake package `fedc`. Everything finds the rest relative to itself.
if(NOT TARGET libfedc)
  return()
endif()
include(CMakePackageConfigHelpers)

set_target_properties(fedc PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
set_target_properties(libfedc PROPERTIES INSTALL_RPATH "$ORIGIN")
install(TARGETS fedc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS libfedc fedc_plugin EXPORT fedcTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/fedc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/fedc)
install(EXPORT fedcTargets NAMESPACE fedc:: DESTINATION ${package})
configure_package_config_file(cmake/fedcConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/fedcConfig.cmake INSTALL_DESTINATION ${package})
# The C++ interface changes with the minor version.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/fedcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/fedcConfig.cmake ${CMAKE_BINARY_DIR}/cmake/fedcConfigVersion.cmake DESTINATION ${package})

set(share ${CMAKE_INSTALL_DATADIR}/fedc)
install(DIRECTORY stdlib DESTINATION ${share} FILES_MATCHING PATTERN *.fed)
install(DIRECTORY examples DESTINATION ${share} PATTERN __pycache__ EXCLUDE PATTERN runs EXCLUDE)
install(DIRECTORY editors DESTINATION ${share} PATTERN __pycache__ EXCLUDE PATTERN generate.py EXCLUDE)
install(DIRECTORY python DESTINATION ${share} PATTERN __pycache__ EXCLUDE PATTERN build EXCLUDE PATTERN *.egg-info EXCLUDE)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md)
install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The shells' completions are what `fedc completion` prints.
set(completions ${CMAKE_BINARY_DIR}/share/completions)
foreach(shell_place bash:bash-completion/completions/fedc zsh:zsh/site-functions/_fedc fish:fish/vendor_completions.d/fedc.fish)
  string(REGEX MATCH "^([a-z]+):(.*)/([^/]+)$" _ ${shell_place})
  set(shell ${CMAKE_MATCH_1})
  set(folder ${CMAKE_MATCH_2})
  set(name ${CMAKE_MATCH_3})
  add_custom_command(OUTPUT ${completions}/${shell}/${name}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}/${shell}
    COMMAND fedc completion ${shell} >${completions}/${shell}/${name}
    DEPENDS fedc COMMENT "Writing the completion of ${shell}")
  list(APPEND completion_files ${completions}/${shell}/${name})
  install(FILES ${completions}/${shell}/${name} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
endforeach()
add_custom_target(completions ALL DEPENDS ${completion_files})
