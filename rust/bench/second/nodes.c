// SPDX-License-Identifier: GPL-2.0
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "nodes.h"

struct node {
	struct rhash_head head;
	u64 key[2];
	size_t place;
	struct rcu_head rcu;
};

static const struct rhashtable_params params = {
	.key_len = sizeof_field(struct node, key),
	.key_offset = offsetof(struct node, key),
	.head_offset = offsetof(struct node, head),
};

struct rhashtable *nsmux_bench_nodes_new(size_t expected)
{
	struct rhashtable *table = kzalloc(sizeof(*table), GFP_KERNEL);
	struct rhashtable_params sized = params;

	sized.nelem_hint = min_t(size_t, expected, U16_MAX);
	if (table && rhashtable_init(table, &sized)) {
		kfree(table);
		return NULL;
	}
	return table;
}

static void free_node(void *node, void *unused)
{
	kfree(node);
}

void nsmux_bench_nodes_free(struct rhashtable *table)
{
	rhashtable_free_and_destroy(table, free_node, NULL);
	kfree(table);
}

int nsmux_bench_nodes_insert(struct rhashtable *table, const u64 key[2], size_t place)
{
	struct node *node = kmalloc(sizeof(*node), GFP_KERNEL);
	bool full;
	int error;

	if (!node)
		return -ENOMEM;
	node->key[0] = key[0];
	node->key[1] = key[1];
	node->place = place;
	error = rhashtable_lookup_insert_fast(table, &node->head, params);
	if (error)
		kfree(node);
	rcu_read_lock();
	full = rht_grow_above_75(table, rht_dereference_rcu(table->tbl, table));
	rcu_read_unlock();
	/* It grows when it has time, which it does not get while the next one is put in. */
	if (full)
		flush_work(&table->run_work);
	return error;
}

int nsmux_bench_nodes_remove(struct rhashtable *table, const u64 key[2], size_t place)
{
	struct node *node = rhashtable_lookup_fast(table, key, params);

	/* Nobody else changes the table: what was found stays. */
	if (!node || node->place != place)
		return -ENOENT;
	rhashtable_remove_fast(table, &node->head, params);
	kfree_rcu(node, rcu);
	return 0;
}

size_t nsmux_bench_nodes_lookup(struct rhashtable *table, const u64 key[2])
{
	struct node *node = rhashtable_lookup_fast(table, key, params);

	return node ? node->place : SIZE_MAX;
}

size_t nsmux_bench_nodes_bytes(struct rhashtable *table)
{
	size_t bytes = sizeof(*table) + atomic_read(&table->nelems) * sizeof(struct node);

	rcu_read_lock();
	bytes += sizeof(struct bucket_table);
	bytes += rht_dereference_rcu(table->tbl, table)->size * sizeof(struct rhash_lock_head *);
	rcu_read_unlock();
	return bytes;
}
