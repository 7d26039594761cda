# SPDX-License-Identifier: GPL-2.0-or-later
# weir_version: an INTERFACE library with the generated header weir_version.h:
#
#     weir::version     "0.1.0+3f2a9c1", or "0.1.0+3f2a9c1.dirty", or plain "0.1.0" at its tag or outside a checkout
#     weir::release     "0.1.0"
#
# The header is made at build time, so that it follows the commit, and rewritten only when it changes.

set(weir_version_dir "${PROJECT_BINARY_DIR}/generated/version")
find_package(Git QUIET)

add_custom_target(weir_version_header
    COMMAND "${CMAKE_COMMAND}"
            "-DRELEASE=${PROJECT_VERSION}"
            "-DGIT=${GIT_EXECUTABLE}"
            "-DSOURCE=${PROJECT_SOURCE_DIR}"
            "-DTEMPLATE=${CMAKE_CURRENT_LIST_DIR}/weir_version.h.in"
            "-DHEADER=${weir_version_dir}/weir_version.h"
            -P "${CMAKE_CURRENT_LIST_DIR}/write_version.cmake"
    BYPRODUCTS "${weir_version_dir}/weir_version.h"
    COMMENT "Version"
    VERBATIM)

add_library(weir_version INTERFACE)
target_include_directories(weir_version INTERFACE "${weir_version_dir}")
add_dependencies(weir_version weir_version_header)
