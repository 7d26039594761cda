/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that several CPUs read and write. */
#ifndef WEIR_BPF_LIB_ATOMIC_H
#define WEIR_BPF_LIB_ATOMIC_H

/* Read or written whole and once. On the host as C11 atomics, so that a race detector knows what is meant to race. */
#ifdef __bpf__
#define WEIR_READ_ONCE(x) (*(volatile __typeof__(x)*)&(x))
#define WEIR_WRITE_ONCE(x, v) (*(volatile __typeof__(x)*)&(x) = (v))
#else
#define WEIR_READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WEIR_WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#endif

#endif
