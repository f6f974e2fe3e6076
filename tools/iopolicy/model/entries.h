/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of a policy, and the entries of one of them, for the command map.
 */
#ifndef _IOPOLICY_ENTRIES_H
#define _IOPOLICY_ENTRIES_H

#include "kernel/maps.h"
#include "store/former.h"

/* A slot of a key or value; of a range, its first or last one. */
enum entry_kind { ENTRY_NULL, ENTRY_NUMBER, ENTRY_SIGNED, ENTRY_BOOL, ENTRY_HEX, ENTRY_TEXT };

struct entry_field {
	char name[DATA_NAME_MAX + 8]; /* a JSON key, which ends with the unit */
	enum entry_kind kind;
	__u64 number;
	char *text; /* ENTRY_TEXT */
};

struct entry {
	char *key, *value; /* as they are written on the command line */
	struct entry_field *fields; /* of the key, then of the value */
	unsigned int nr_key, nr;
	unsigned int cpu; /* of the value, if the map has one for each CPU */
};

struct entries {
	const char *policy, *map;
	bool is_per_cpu;
	char key_title[DATA_TEXT_MAX], value_title[DATA_TEXT_MAX];
	struct entry *list;
	unsigned int nr;
};

/* Read the entries. Return 0 or -errno after a message; free them in both cases. */
int entries__make(struct entries *entries, const char *policy, const char *name,
		  const struct map *map);
void entries__free(struct entries *entries);

/* An entry that was set or deleted. */
struct entry_change {
	const char *policy, *map;
	bool is_deleted;
	struct entry entry; /* as it is now; as it was, if it is deleted */
	char *old; /* what it was before it was set; NULL: it did not exist */
};

/* Return 0 or -ENOMEM; free it in both cases. old NULL: it did not exist. */
int entry_change__make(struct entry_change *change, const struct map *map, const void *key,
		       const void *value, const void *old);
void entry_change__free(struct entry_change *change);

/* The maps that have entries. */
struct map_row {
	const char *name, *type;
	char key_title[DATA_TEXT_MAX], value_title[DATA_TEXT_MAX];
	unsigned int nr_entries;
	__u32 max_entries;
};

struct map_list {
	const char *policy;
	struct map_row *rows;
	unsigned int nr;
};

/* Return 0 or -errno after a message; free it in both cases. Names belong to the former. */
int map_list__make(struct map_list *list, const struct former *former);
void map_list__free(struct map_list *list);

#endif /* _IOPOLICY_ENTRIES_H */
