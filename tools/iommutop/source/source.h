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

#include "driver.h"
#include "iommufd_filter.h"
#include "model/model.h"

struct source_options {
	const char *recording; /* file name; NULL: the running system */
	enum driver_kind driver; /* DRIVER_AUTO: the one that is loaded */
	struct iommufd_filter filter;
	__u64 interval_ns; /* of the recording's time per refresh */
	__u64 at_ns; /* CLOCK_REALTIME of the recording that will be shown; 0: its start */
	bool may_be_cut; /* an incomplete recording is no error */
	bool self_stats; /* let the kernel measure BPF programs */
};

struct source {
	int (*refresh)(struct source *source, struct model *model);
	void (*close)(struct source *source);
	/*
	 * Go to a time, CLOCK_REALTIME, less some intervals for the histories. NULL: it cannot.
	 */
	int (*seek)(struct source *source, struct model *model, __u64 time_ns);
	/* The last time that was read, CLOCK_REALTIME. */
	__u64 (*end_ns)(const struct source *source);
	/* Whether there is a recording of that time: 0, or -ENOENT after a message. */
	int (*check)(struct source *source, __u64 time_ns);
	bool has_own_time; /* of the recording, so that no refresh needs to wait */
};

/* Open the best source that options and privileges allow. Sets model->missing and model->note. */
int source__open(struct source **source, struct model *model, const struct source_options *options);

/* Refresh the model. */
int source__refresh(struct source *source, struct model *model);

/*
 * Show a recording as it was at a time, CLOCK_REALTIME. The model begins anew, with histories of
 * the intervals before; refreshed() is called after the refresh of each. Returns 0, or -errno after
 * a message: -ENOENT if nothing was recorded then, -ESPIPE if it cannot be read again and nothing
 * was changed.
 */
int source__seek(struct source *source, struct model *model, __u64 time_ns,
		 void (*refreshed)(void *ctx), void *ctx);

void source__close(struct source *source);

#endif /* _IOMMUTOP_SOURCE_H */
