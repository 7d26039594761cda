/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flags of a TCP header that Weir looks at (RFC 9293 section 3.1). */
#ifndef WEIR_BPF_LIB_TCP_FLAGS_H
#define WEIR_BPF_LIB_TCP_FLAGS_H

enum {
    WEIR_TCP_FIN = 0x01,
    WEIR_TCP_SYN = 0x02,
    WEIR_TCP_RST = 0x04,
    WEIR_TCP_ACK = 0x10,
};

#endif
