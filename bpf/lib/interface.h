/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interface table: open addressing over the ifindex, the same on both sides. Pure.
 *
 * An interface stands at one of the WEIR_IF_PROBES places from (ifindex mod size) on. User space puts it at the first
 * free one; the programs look until they meet it. While no interface number is above WEIR_IF_TABLE_SIZE, the first look
 * hits. */
#ifndef WEIR_BPF_LIB_INTERFACE_H
#define WEIR_BPF_LIB_INTERFACE_H

#include "../shared/abi.h"

static __always_inline __u32 weir_if_place(__u32 ifindex, __u32 probe) {
    return (ifindex + probe) & (WEIR_IF_TABLE_SIZE - 1);
}

#endif
