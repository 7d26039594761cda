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

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#endif
