# SPDX-License-Identifier: GPL-2.0-or-later
# weir_compile_options: the warnings and sanitizers of every target of this project, as an INTERFACE library.

add_library(weir_compile_options INTERFACE)
target_compile_features(weir_compile_options INTERFACE cxx_std_23)
target_compile_options(weir_compile_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                       -Wformat=2 -Wundef -Wmissing-declarations)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(weir_compile_options INTERFACE -fpch-preprocess)  # else ccache cannot use a precompiled header
    # Known false alarms of g++ once std::string, std::optional and std::expected are inlined (GCC bugs 105651, 80635).
    target_compile_options(weir_compile_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized
                           -Wno-stringop-overflow -Wno-array-bounds)
endif()

if(WEIR_WERROR)
    target_compile_options(weir_compile_options INTERFACE -Werror)
endif()

if(WEIR_SANITIZE)
    set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(weir_compile_options INTERFACE ${sanitizers})
    target_link_options(weir_compile_options INTERFACE ${sanitizers})
endif()
