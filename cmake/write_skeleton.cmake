# SPDX-License-Identifier: GPL-2.0-or-later
# Writes a skeleton: cmake -DBPFTOOL= -DOBJECT= -DNAME= -DHEADER= -P write_skeleton.cmake
# (Without a shell's redirection, so that a failure leaves no half-written header behind.)
execute_process(COMMAND "${BPFTOOL}" gen skeleton "${OBJECT}" name "${NAME}"
                OUTPUT_VARIABLE text ERROR_VARIABLE words RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "bpftool gen skeleton ${OBJECT}: ${words}")
endif()
file(WRITE "${HEADER}" "${text}")
