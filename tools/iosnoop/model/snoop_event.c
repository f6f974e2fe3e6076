// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values derived from a record: the names of its thread and machine, the cause of a failure, access
 * rights.
 */
#include <stdio.h>
#include <string.h>

#include <linux/iommufd.h>

#include "cgroup.h"
#include "clock.h"
#include "env.h"
#include "machine.h"
#include "model/model.h"
#include "process.h"

/* Read the name of a process; keep the last one for a second. */
static void read_comm(__u32 tgid, char comm[EVENT_COMM_LEN])
{
	static char cached[EVENT_COMM_LEN];
	static __u32 cached_tgid;
	static __u64 cached_ns;

	if (cached_tgid != tgid || clock__now() - cached_ns > NS_PER_SEC) {
		process__comm(cached, tgid);
		cached_tgid = tgid;
		cached_ns = clock__now();
	}
	memcpy(comm, cached, sizeof(cached));
}

#define MACHINES_KEPT 256

/*
 * The machine of a process. A name is read again after a second, because another process may have
 * got the id; one that cannot be read any more is kept, because the process has ended.
 */
static const char *read_machine(__u32 tgid)
{
	static struct {
		__u32 tgid;
		__u64 read_ns;
		char machine[MACHINE_MAX];
	} cache[MACHINES_KEPT], *entry;
	char machine[MACHINE_MAX];

	entry = &cache[tgid % MACHINES_KEPT];
	if (entry->tgid == tgid && clock__now() - entry->read_ns < NS_PER_SEC)
		return entry->machine;
	if (!machine__of_process(machine, tgid) || entry->tgid != tgid)
		memcpy(entry->machine, machine, sizeof(machine));
	entry->tgid = tgid;
	entry->read_ns = clock__now();
	return entry->machine;
}

/* In a PID namespace, /proc shows other processes. */
static bool has_processes(void)
{
	static int has = -1;

	if (has < 0)
		has = !env__in_pid_namespace(NULL);
	return has;
}

/* The machine of a thread, from the cgroup in the recording. */
static const char *recorded_machine(const struct event_thread *thread)
{
	static char machine[MACHINE_MAX];
	char path[CGROUP_PATH_MAX];

	if (!thread || cgroup__path(thread->cgroup, path, sizeof(path)))
		return "";
	machine__name(machine, path);
	return machine;
}

void snoop_event__init(struct snoop_event *event, const struct event_record *record,
		       const struct why_full *why, bool is_live, bool utf8)
{
	const struct args_caller *caller = (const void *)record->args;
	struct why_owner owner;

	event->record = record;
	memcpy(event->comm, record->comm, EVENT_COMM_LEN);
	event->machine = "";
	if (!is_live)
		event->machine = recorded_machine(event__thread(record));
	if (is_live && (__u32)caller->tgid != EVENT_NONE && has_processes()) {
		if (!event->comm[0])
			read_comm(caller->tgid, event->comm);
		event->machine = read_machine(caller->tgid);
	}
	event->cause = cause__text(event->cause_text, record, utf8);
	event->why = why;
	event->why_text[0] = '\0';
	owner = (struct why_owner){ caller->tgid, event->comm, sizeof(event->comm) };
	if (*event->machine)
		owner = (struct why_owner){ caller->tgid, event->machine, MACHINE_MAX };
	if (why)
		why__text(event->why_text, &why->why, record, &owner);
}

const char *snoop_event__protection(const struct event_record *record)
{
	static const char names[][3] = { "--", "-w", "r-", "rw" };
	const __u64 *flags = event__arg(record, EVENT_ROLE_flags);
	const __u64 *perm = event__arg(record, EVENT_ROLE_perm);
	bool reads, writes;

	if (perm && *perm & IOMMU_PGFAULT_PERM_EXEC && !(*perm & IOMMU_PGFAULT_PERM_WRITE))
		return "-x";
	if (perm) {
		reads = *perm & IOMMU_PGFAULT_PERM_READ;
		writes = *perm & IOMMU_PGFAULT_PERM_WRITE;
		return names[2 * reads + writes];
	}
	switch (record->event) {
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
	case EVENT_ioas_copy:
		reads = *flags & IOMMU_IOAS_MAP_READABLE;
		writes = *flags & IOMMU_IOAS_MAP_WRITEABLE;
		return names[2 * reads + writes];
	case EVENT_type1_map:
	case EVENT_type1_pin:
	case EVENT_type1_rw:
		/* VFIO_DMA_MAP_FLAG_READ and _WRITE; IOMMU_READ and IOMMU_WRITE */
		return names[2 * (*flags & 1) + (*flags >> 1 & 1)];
	}
	return NULL;
}
