/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of virtual machines and containers.
 *
 * The kernel does not know machines. libvirt, systemd and container engines put the processes of
 * each one into a cgroup of its own, whose name has the machine's name in it.
 */
#ifndef _COMMON_MACHINE_H
#define _COMMON_MACHINE_H

#include <linux/types.h>

#define MACHINE_MAX 64

/*
 * Get the name of a machine from the path of a cgroup: "vm1" from
 * "/machine.slice/machine-qemu\x2d1\x2dvm1.scope/libvirt". A container has its engine and the
 * beginning of its id: "docker:0123456789ab". "" if the path is not that of a machine, or NULL. The
 * name is not cleaned.
 */
void machine__name(char machine[MACHINE_MAX], const char *cgroup);

/* The same of a process. Returns 0, or -errno if its cgroup cannot be read. */
int machine__of_process(char machine[MACHINE_MAX], __u32 pid);

/* Whether a name is the wanted one; "vm*" matches all that begin with "vm". */
_Bool machine__matches(const char *machine, const char *wanted);

/*
 * Find the cgroup of the running machine with that name. Returns 0, or -errno with the reason in
 * why[CGROUP_WHY_MAX]: -ENOENT if there is none, -ENOTUNIQ if the name fits several.
 */
int machine__find(const char *wanted, __u64 *id, unsigned int *level, char *why);

#endif /* _COMMON_MACHINE_H */
