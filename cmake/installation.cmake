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

# The manual page and the library's reference are what `fedc doc` makes.
set(manual ${CMAKE_BINARY_DIR}/share/man/fedc.1)
set(reference ${CMAKE_BINARY_DIR}/share/reference)
file(GLOB_RECURSE library_modules CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/stdlib/*.fed)
add_custom_command(OUTPUT ${manual}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/share/man
  COMMAND fedc doc --man >${manual}
  DEPENDS fedc COMMENT "Writing the manual page")
add_custom_command(OUTPUT ${reference}/index.html
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${reference}
  COMMAND ${CMAKE_COMMAND} -E env FEDC_STDLIB=${CMAKE_SOURCE_DIR}/stdlib $<TARGET_FILE:fedc> doc --html ${reference} >/dev/null
  DEPENDS fedc ${library_modules} COMMENT "Writing the reference of the library")
add_custom_target(manual ALL DEPENDS ${manual} ${reference}/index.html)
install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(DIRECTORY ${reference} DESTINATION ${CMAKE_INSTALL_DOCDIR})
