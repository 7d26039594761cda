/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixed-width types for code that is compiled both for the BPF target and for the host.
 *
 * On the BPF side they come from the committed kernel types, on the host from the UAPI headers, so that one spelling
 * (__u32, __u64, …) serves both. */
#ifndef WEIR_BPF_SHARED_TYPES_H
#define WEIR_BPF_SHARED_TYPES_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

#ifdef __cplusplus
#define WEIR_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define WEIR_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* Before a loop: unrolled for BPF. A rolled loop needs more than a bounded count: kernels before 6.8 refuse it where
 * the compiler happens to lay out its end before its beginning (tests/packets/old_kernels_test.cpp). */
#ifdef __bpf__
#define WEIR_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WEIR_UNROLL
#endif

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#endif
