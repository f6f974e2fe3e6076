/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources of the model: the running kernel through BPF, /proc/PID/fdinfo without privileges, or a
 * recording of iosnoop.
 *
 * Called by the files above the folders (main.c, batch.c). A source fills the model through
 * model/state.h and knows nothing of views, screens and output formats.
 *
 * Functions return 0 or -errno after a message. -EPERM means that privileges are missing, -ENODEV
 * that the kernel or the module does not suit.
 */
#ifndef _IOMMUTOP_SOURCE_H
#define _IOMMUTOP_SOURCE_H

#include <linux/types.h>

#include "iommufd_filter.h"
#include "model/model.h"

struct source_options {
	const char *recording; /* file name; NULL: the running system */
	struct iommufd_filter filter;
	__u64 interval_ns; /* of the recording's time per refresh */
	bool self_stats; /* let the kernel measure BPF programs */
};

struct source {
	int (*refresh)(struct source *source, struct model *model);
	void (*close)(struct source *source);
	bool has_own_time; /* of the recording, so that no refresh needs to wait */
};

/* Open the best source that options and privileges allow. Sets model->missing and model->note. */
int source__open(struct source **source, struct model *model, const struct source_options *options);

/* Refresh the model. */
int source__refresh(struct source *source, struct model *model);

void source__close(struct source *source);

#endif /* _IOMMUTOP_SOURCE_H */
