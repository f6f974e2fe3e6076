/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table by a key of four 32-bit numbers: open addressing, grows as needed.
 *
 * Each entry notes the last refresh that used it, so that hash__forget() can drop the entries of
 * objects that no longer exist. Refreshes count from 1.
 */
#ifndef _IOMMUTOP_HASH_H
#define _IOMMUTOP_HASH_H

#include <stddef.h>
#include <linux/types.h>

struct hash_key {
	__u32 a, b, c, d;
};

struct hash_entry {
	struct hash_key key;
	__u64 seen; /* number of the last refresh that used it; 0: a free slot */
	void *data;
};

struct hash {
	struct hash_entry *slots;
	unsigned int nr;
	unsigned int room; /* a power of two */
	size_t size; /* of the data of an entry */
};

void hash__init(struct hash *hash, size_t size);
void hash__close(struct hash *hash);

/* Find the data of a key; NULL if there is none. */
void *hash__find(const struct hash *hash, struct hash_key key);

/* Find or create the data of a key, zeroed, and mark it as seen. NULL without memory. */
void *hash__get(struct hash *hash, struct hash_key key, __u64 seen);

/* Drop the entry of a key, if there is one. */
void hash__drop(struct hash *hash, struct hash_key key);

/* Drop all entries last seen before this refresh. */
void hash__forget(struct hash *hash, __u64 seen);

#endif /* _IOMMUTOP_HASH_H */
