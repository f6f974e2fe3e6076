/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process that opened a context: its cgroup, its virtual machine or container, and its limit of
 * locked memory. Private to model/.
 */
#ifndef _IOMMUTOP_OPENER_H
#define _IOMMUTOP_OPENER_H

#include "model/model.h"

struct openers;

struct openers *openers__open(void);
void openers__close(struct openers *openers);

/* The path of a cgroup, valid until openers__close(); NULL if it cannot be found. */
const char *openers__cgroup(struct openers *openers, __u64 id);

/*
 * RLIMIT_MEMLOCK of a process in bytes. MODEL_NONE if it has none, if CAP_IPC_LOCK exempts it, or
 * if the process is gone.
 */
__u64 openers__limit(struct openers *openers, __u32 tgid, __u64 refresh);

/* "vm1" from /machine.slice/machine-qemu\x2d1\x2dvm1.scope; "" if it is no machine or container. */
void opener__machine(char machine[MODEL_TEXT], const char *cgroup);

#endif /* _IOMMUTOP_OPENER_H */
