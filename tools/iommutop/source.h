/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the model's contents come from: the running kernel by BPF (live.c), /proc/PID/fdinfo
 * without privileges (fdinfo.c), or a recording of iosnoop (replay.c).
 *
 * A source is asked to refresh() by model__refresh(), which then does what is the same for all:
 * differences to the refresh before, histories, figures of histograms. It returns 0 or -errno after
 * a message; what it cannot know it leaves as the rows come, "not there".
 */
#ifndef _IOMMUTOP_SOURCE_H
#define _IOMMUTOP_SOURCE_H

#include "model.h"

struct options;

struct source {
	int (*refresh)(struct source *source, struct model *model);
	void (*close)(struct source *source);
	bool is_paced;		/* time passes in it by itself: wait for it between refreshes */
};

/* What the options and privileges allow; tells the model what is missing. */
int source__open(struct source **source, struct model *model, const struct options *options);
void source__close(struct source *source);

#endif /* _IOMMUTOP_SOURCE_H */
