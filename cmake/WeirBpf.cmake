# SPDX-License-Identifier: GPL-2.0-or-later
# Building BPF programs.
#
#     weir_bpf_skeleton(weir_skeleton NAME weir SOURCES weir_tc_in.bpf.c weir_tc_out.bpf.c)
#
# compiles each source for the BPF target, links the objects into one, <NAME>.bpf.o, and generates <NAME>.skel.h, whose
# struct is <NAME>_bpf. The target is an INTERFACE library that carries the header's directory; whoever links it can
# #include "<NAME>.skel.h" and needs libbpf besides. Headers that a source includes are tracked.

# weir_find_bpf_tool(VARIABLE what NAMES ... ARGUMENTS ...): the first of NAMES that runs with ARGUMENTS.
function(weir_find_bpf_tool variable what)
    cmake_parse_arguments(arg "" "HINT" "NAMES;ARGUMENTS" ${ARGN})
    if(${variable} AND EXISTS "${${variable}}")
        return()
    endif()
    foreach(name IN LISTS arg_NAMES)
        unset(candidate CACHE)
        unset(candidate)
        find_program(candidate "${name}" PATHS /usr/sbin /sbin NO_CACHE)
        if(candidate)
            # It must run: Ubuntu's bpftool can be a wrapper around nothing.
            execute_process(COMMAND "${candidate}" ${arg_ARGUMENTS} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
            if(NOT failed)
                set(${variable} "${candidate}" CACHE FILEPATH "${what}")
                return()
            endif()
        endif()
    endforeach()
    message(FATAL_ERROR "No usable ${what}: ${arg_HINT}. scripts/setup installs it.")
endfunction()

weir_find_bpf_tool(WEIR_BPF_CLANG "clang for the BPF target"
    NAMES clang-19 clang-20 clang-21 clang-18 clang-17 clang-16 clang ARGUMENTS --print-target-triple
    HINT "clang 16 or newer is needed")
file(GLOB weir_bpftools /usr/lib/linux-tools-*/bpftool /usr/lib/linux-tools/*/bpftool)
weir_find_bpf_tool(WEIR_BPFTOOL "bpftool" NAMES bpftool ${weir_bpftools} ARGUMENTS version
    HINT "bpftool 7 or newer is needed")

execute_process(COMMAND "${WEIR_BPF_CLANG}" -dumpversion OUTPUT_VARIABLE weir_bpf_clang_version
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(weir_bpf_clang_version VERSION_LESS 16)
    message(FATAL_ERROR "${WEIR_BPF_CLANG} is clang ${weir_bpf_clang_version}; 16 or newer is needed. "
                        "Set WEIR_BPF_CLANG, or run scripts/setup.")
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|i[3-6]86)$")
    set(weir_bpf_arch x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(weir_bpf_arch arm64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^riscv")
    set(weir_bpf_arch riscv)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(ppc64|powerpc)")
    set(weir_bpf_arch powerpc)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^s390")
    set(weir_bpf_arch s390)
else()
    set(weir_bpf_arch "${CMAKE_SYSTEM_PROCESSOR}")
endif()

function(weir_bpf_skeleton target)
    cmake_parse_arguments(arg "" "NAME" "SOURCES" ${ARGN})
    if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "weir_bpf_skeleton(TARGET NAME name SOURCES file...)")
    endif()

    pkg_get_variable(libbpf_include libbpf includedir)
    set(directory "${PROJECT_BINARY_DIR}/generated/${target}")
    file(MAKE_DIRECTORY "${directory}")
    set(flags -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror
        "-D__TARGET_ARCH_${weir_bpf_arch}" "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=."
        "-I${PROJECT_SOURCE_DIR}/bpf" "-I${PROJECT_SOURCE_DIR}/vmlinux" -isystem "${libbpf_include}")

    set(objects)
    foreach(source IN LISTS arg_SOURCES)
        get_filename_component(path "${source}" ABSOLUTE)
        get_filename_component(stem "${source}" NAME_WE)
        set(object "${directory}/${stem}.o")
        add_custom_command(
            OUTPUT "${object}"
            COMMAND "${WEIR_BPF_CLANG}" ${flags} -MD -MF "${object}.d" -MT "${object}" -c "${path}" -o "${object}"
            DEPENDS "${path}"
            DEPFILE "${object}.d"
            COMMENT "BPF ${stem}"
            VERBATIM)
        list(APPEND objects "${object}")
    endforeach()

    set(linked "${directory}/${arg_NAME}.bpf.o")
    set(header "${directory}/${arg_NAME}.skel.h")
    # 'gen object' leaves the DWARF sections behind and keeps the BTF, so there is nothing to strip.
    add_custom_command(
        OUTPUT "${linked}"
        COMMAND "${WEIR_BPFTOOL}" gen object "${linked}" ${objects}
        DEPENDS ${objects}
        COMMENT "BPF ${arg_NAME}.bpf.o"
        VERBATIM)
    add_custom_command(
        OUTPUT "${header}"
        COMMAND "${CMAKE_COMMAND}" "-DBPFTOOL=${WEIR_BPFTOOL}" "-DOBJECT=${linked}" "-DNAME=${arg_NAME}_bpf"
                "-DHEADER=${header}" -P "${PROJECT_SOURCE_DIR}/cmake/write_skeleton.cmake"
        DEPENDS "${linked}" "${PROJECT_SOURCE_DIR}/cmake/write_skeleton.cmake"
        COMMENT "BPF ${arg_NAME}.skel.h"
        VERBATIM)

    add_custom_target(${target}_header DEPENDS "${header}")
    add_library(${target} INTERFACE)
    # SYSTEM: generated code is not held to this project's warnings.
    target_include_directories(${target} SYSTEM INTERFACE "${directory}")
    add_dependencies(${target} ${target}_header)
endfunction()
