/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts as /proc/PID/fdinfo shows them to everybody who may look at the process.
 */
#ifndef _IOMMUTOP_FDINFO_H
#define _IOMMUTOP_FDINFO_H

#include <stdio.h>

#include "source/source.h"

/* Fills contexts and objects of all processes whose files can be looked at. 0 or -ENOMEM. */
int fdinfo__read(struct state *state);

/* What one file of fdinfo says; not of /dev/iommu: nothing is added. 0 or -ENOMEM. */
int fdinfo__parse(struct state *state, FILE *file);

#endif /* _IOMMUTOP_FDINFO_H */
