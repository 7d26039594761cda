/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic on bits. Pure; the same on both sides. */
#ifndef WEIR_BPF_LIB_BITS_H
#define WEIR_BPF_LIB_BITS_H

#include "../shared/types.h"

/* Odd, with well spread bits: Weyl's golden ratio. A product's upper bits are a hash of the factor. */
#define WEIR_HASH_FACTOR 0x9e3779b97f4a7c15ull

/* Position of the highest set bit; `value` is not 0. BPF has no instruction for it. */
static __always_inline __u32 weir_log2(__u64 value) {
#ifdef __bpf__
    __u32 result = 0, word, step;
    if (value >> 32) {
        result = 32;
        value >>= 32;
    }
    word = (__u32)value;
    step = (word > 0xffff) << 4;
    word >>= step;
    result += step;
    step = (word > 0xff) << 3;
    word >>= step;
    result += step;
    step = (word > 0xf) << 2;
    word >>= step;
    result += step;
    step = (word > 3) << 1;
    word >>= step;
    return result + step + (word >> 1);
#else
    return 63u - (__u32)__builtin_clzll(value);
#endif
}

#endif
