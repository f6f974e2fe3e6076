/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths of cgroups. Private to model/.
 */
#ifndef _IOMMUTOP_OPENER_H
#define _IOMMUTOP_OPENER_H

#include "model/model.h"

struct openers;

struct openers *openers__open(void);
void openers__close(struct openers *openers);

/* The path of a cgroup, valid until openers__close(); NULL if it cannot be found. */
const char *openers__cgroup(struct openers *openers, __u64 id);

#endif /* _IOMMUTOP_OPENER_H */
