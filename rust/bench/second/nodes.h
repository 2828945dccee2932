/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An rhashtable of nodes, for second/rhashtable.rs: looking up, putting in and taking out are
 * inline functions of C.
 */
#ifndef _NSMUX_BENCH_NODES_H
#define _NSMUX_BENCH_NODES_H

#include <linux/types.h>

struct rhashtable;

struct rhashtable *nsmux_bench_nodes_new(size_t expected);
void nsmux_bench_nodes_free(struct rhashtable *table);
int nsmux_bench_nodes_insert(struct rhashtable *table, const u64 key[2], size_t place);
int nsmux_bench_nodes_remove(struct rhashtable *table, const u64 key[2], size_t place);
size_t nsmux_bench_nodes_lookup(struct rhashtable *table, const u64 key[2]);
size_t nsmux_bench_nodes_bytes(struct rhashtable *table);

#endif
