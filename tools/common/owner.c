// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners of contexts and devices from /proc/PID/fdinfo, see owner.h.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "fdinfo.h"
#include "iommufd_owner.h"
#include "owner.h"
#include "process.h"

struct reading {
	struct owner_maps maps;
	const struct iommufd_filter *filter;
};

static bool has_comm(const struct iommufd_filter *filter, const char comm[EVENT_COMM_LEN])
{
	__u64 words[2];

	memcpy(words, comm, sizeof(words));
	return (words[0] & filter->comm_mask[0]) == filter->comm[0] &&
	       (words[1] & filter->comm_mask[1]) == filter->comm[1];
}

/* The filter's conditions on threads, for the owner of a context. */
static bool is_wanted(const struct iommufd_filter *filter, const char comm[EVENT_COMM_LEN],
		      __u32 uid, __u64 cgroup)
{
	char path[CGROUP_PATH_MAX];

	if (filter->use & EVENT_FILTER_UID && uid != filter->uid)
		return false;
	if (filter->use & EVENT_FILTER_COMM && !has_comm(filter, comm))
		return false;
	if (!(filter->use & EVENT_FILTER_CGROUP))
		return true;
	return cgroup &&
	       cgroup__is_below(cgroup, cgroup__path(cgroup, path, sizeof(path)) ? NULL : path,
				filter->cgroup);
}

static void put_owner(const struct reading *reading, __u32 ctx, const char *words)
{
	struct owner owner = { .tgid = fdinfo__id(words, "tgid") };
	__u64 cgroup = 0;

	/* 0: the process is in another PID namespace. */
	if (!owner.tgid || owner.tgid == EVENT_NONE)
		return;
	fdinfo__number(words, "cgroup", &cgroup);
	process__comm(owner.comm, owner.tgid);
	owner.uid = fdinfo__id(words, "uid");
	owner.cgroup = cgroup;
	owner.is_wanted = is_wanted(reading->filter, owner.comm, owner.uid, cgroup);
	/* An entry that a program has made meanwhile is newer. */
	bpf_map_update_elem(reading->maps.owners, &ctx, &owner, BPF_NOEXIST);
}

static void put_device(const struct reading *reading, __u32 ctx, const char *words)
{
	struct owner_object object = { .ctx = ctx, .id = fdinfo__id(words, "id") };
	struct owner_device device = {};

	device.sbdf = fdinfo__device(words, device.name, sizeof(device.name));
	if (device.sbdf == EVENT_NONE)
		bpf_map_update_elem(reading->maps.owned_names, &object, device.name, BPF_NOEXIST);
	else
		memset(device.name, 0, sizeof(device.name));
	bpf_map_update_elem(reading->maps.owned_devices, &device, &ctx, BPF_NOEXIST);
}

static int read_context(void *arg, FILE *file)
{
	const struct reading *reading = arg;
	char line[512], owner[512] = "", *words;
	__u32 ctx = EVENT_NONE;

	while (fgets(line, sizeof(line), file)) {
		words = strchr(line, '\t');
		if (!words)
			continue;
		words++;
		if (sscanf(line, "iommufd-context: %u", &ctx) == 1)
			continue;
		if (ctx == EVENT_NONE)
			continue;
		/* The opener, or the process that mapped last: the opener may be a daemon. */
		if (!strncmp(line, "iommufd-opener:", 15) ||
		    (!strncmp(line, "iommufd-payer:", 14) && strstr(words, " last") &&
		     !strstr(words, " ended")))
			strcpy(owner, words);
		else if (!strncmp(line, "iommufd-object:", 15) && !strncmp(words, "device ", 7))
			put_device(reading, ctx, words);
	}
	if (ctx != EVENT_NONE)
		put_owner(reading, ctx, owner);
	return 0;
}

void owner__read(const struct owner_maps *maps, const struct iommufd_filter *filter)
{
	struct reading reading = { .maps = *maps, .filter = filter };

	fdinfo__each(read_context, &reading);
}
