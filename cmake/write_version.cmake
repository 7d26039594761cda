# SPDX-License-Identifier: GPL-2.0-or-later
# Writes the version header: cmake -DRELEASE= -DGIT= -DSOURCE= -DTEMPLATE= -DHEADER= -P write_version.cmake
set(VERSION "${RELEASE}")
if(GIT AND EXISTS "${SOURCE}/.git")
    execute_process(COMMAND "${GIT}" -c "safe.directory=${SOURCE}" describe --always --dirty=.dirty --abbrev=7
                            "--match=v${RELEASE}" --exclude=*
                    WORKING_DIRECTORY "${SOURCE}" OUTPUT_VARIABLE revision RESULT_VARIABLE failed
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND "${GIT}" -c "safe.directory=${SOURCE}" describe --exact-match --dirty=.dirty --tags
                            "--match=v${RELEASE}"
                    WORKING_DIRECTORY "${SOURCE}" OUTPUT_VARIABLE tag OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT failed AND NOT revision STREQUAL "" AND NOT tag STREQUAL "v${RELEASE}")
        set(VERSION "${RELEASE}+${revision}")
    endif()
endif()
configure_file("${TEMPLATE}" "${HEADER}" @ONLY)
