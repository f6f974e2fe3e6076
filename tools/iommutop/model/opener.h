/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cgroup of a process, and its virtual machine or container. Private to model/.
 */
#ifndef _IOMMUTOP_OPENER_H
#define _IOMMUTOP_OPENER_H

#include "model/model.h"

struct openers;

struct openers *openers__open(void);
void openers__close(struct openers *openers);

/* The path of a cgroup, valid until openers__close(); NULL if it cannot be found. */
const char *openers__cgroup(struct openers *openers, __u64 id);

/* "vm1" from /machine.slice/machine-qemu\x2d1\x2dvm1.scope; "" if it is no machine or container. */
void opener__machine(char machine[MODEL_TEXT], const char *cgroup);

#endif /* _IOMMUTOP_OPENER_H */
