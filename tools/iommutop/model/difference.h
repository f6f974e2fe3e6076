/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The difference of two models of recordings: contexts, payers, devices and PASIDs that appeared,
 * are gone, or have other sizes.
 *
 *	difference__take(&difference, 0, &model);
 *	... open the other recording ...
 *	difference__take(&difference, 1, &model);
 *	difference__compare(&difference);
 *
 * Numbers of contexts and objects are compared while both models are of the same boot. Otherwise
 * the first row of a kind with a name is compared with the first one there, and so on.
 */
#ifndef _IOMMUTOP_DIFFERENCE_H
#define _IOMMUTOP_DIFFERENCE_H

#include "model/array.h"
#include "model/model.h"

#define DIFFERENCE_TEXT 64

/* A row as it was in one of the models. */
struct difference_row {
	struct model_key key;
	__u32 process; /* that identifies the row, too: of a context, the opener */
	__u32 tgid;
	__u32 ctx;
	char machine[MODEL_TEXT];
	char comm[EVENT_COMM_LEN];
	char name[DIFFERENCE_TEXT]; /* of a device or PASID; else "" */
	char attached[MODEL_TEXT]; /* likewise */
	__u64 pinned; /* bytes; MODEL_NONE if the kind has none, like the others */
	__u64 areas;
	__u64 limit; /* bytes */
	unsigned int rank; /* of the rows of its kind and name */
};

enum difference_kind { DIFFERENCE_APPEARED, DIFFERENCE_GONE, DIFFERENCE_CHANGED };

struct difference_change {
	enum difference_kind kind;
	const struct difference_row *before; /* NULL: appeared */
	const struct difference_row *after; /* NULL: gone */
};

struct difference_side {
	__u64 time_ns; /* CLOCK_REALTIME */
	__s64 wall_offset_ns;
	__u64 pinned; /* bytes, of all contexts */
	struct array rows; /* struct difference_row */
};

struct difference {
	struct difference_side sides[2];
	struct array changes; /* struct difference_change, the largest change first */
};

void difference__init(struct difference *difference);
void difference__close(struct difference *difference);

/* Copy the rows of a model, as of that time, CLOCK_REALTIME. Returns 0 or -ENOMEM. */
int difference__take(struct difference *difference, unsigned int side, const struct model *model,
		     __u64 time_ns);
/* Fill changes. Rows that are the same are left out. Returns 0 or -ENOMEM. */
int difference__compare(struct difference *difference);

/* How much more is pinned after a change, in bytes. */
__s64 difference__pinned(const struct difference_change *change);

#endif /* _IOMMUTOP_DIFFERENCE_H */
