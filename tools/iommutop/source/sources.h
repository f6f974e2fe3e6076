/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The three sources. Private to source/, and to the unit test of fdinfo__parse().
 */
#ifndef _IOMMUTOP_SOURCES_H
#define _IOMMUTOP_SOURCES_H

#include <stdio.h>

#include "model/state.h"
#include "source/source.h"

int live__open(struct source **source, struct model *model, const struct source_options *options);
int fdinfo__open(struct source **source, struct model *model);
int replay__open(struct source **source, struct model *model, const struct source_options *options);

/*
 * Fill contexts and objects from /proc, of all processes whose files this process may read.
 * Returns 0 or -ENOMEM.
 */
int fdinfo__read(struct state *state);

/*
 * Parse one file of /proc/PID/fdinfo. A file other than /dev/iommu adds nothing. Returns 0 or
 * -ENOMEM.
 */
int fdinfo__parse(struct state *state, FILE *file);

#endif /* _IOMMUTOP_SOURCES_H */
