/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's list: the source addresses that a vNIC's tenant may send from. docs/guard.md. */
#ifndef WEIR_BPF_SHARED_GUARD_H
#define WEIR_BPF_SHARED_GUARD_H

#include "types.h"

#define WEIR_GUARD_PREFIXES_MAX 16

/* An address matches where ((address ^ own) & mask) is 0 in all four words. Network byte order; IPv4 has one word, the
 * others are 0 in address and mask. */
struct weir_guard_prefix {
    __u32 address[4]; /* no bit set that is not in the mask */
    __u32 mask[4];
    __u32 family; /* 4 or 6; 0 ends the list */
    __u32 bits;   /* prefix length, for people */
};

/* The value of the inner map at a vNIC's slot of `guards`. Never written once it is there: a change puts another map in
 * its place, so that every packet meets the whole old list or the whole new one. */
struct weir_guard {
    struct weir_guard_prefix prefixes[WEIR_GUARD_PREFIXES_MAX];
};

WEIR_STATIC_ASSERT(sizeof(struct weir_guard_prefix) == 40, "weir_guard_prefix is part of the pinned state");
WEIR_STATIC_ASSERT(sizeof(struct weir_guard) == 40 * WEIR_GUARD_PREFIXES_MAX, "weir_guard is part of the pinned state");

#endif
