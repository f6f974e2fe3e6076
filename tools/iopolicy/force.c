// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in force: asked of the driver each time, by a BPF program that is run once. Pins do not
 * tell: a policy may be held by a process, and a pin may have lost its policy.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "iopolicy.h"
#include "iommufd_record.h"
#include "iopolicy.skel.h"
#include "msg.h"
#include "text.h"

static int take_record(void *ctx, void *data, size_t size)
{
	struct iommufd_policy_info *grown;
	struct force *force = ctx;

	if (size < sizeof(*grown))
		return -EPROTO;
	grown = realloc(force->policies, (force->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	force->policies = grown;
	memcpy(&grown[force->nr++], data, sizeof(*grown));
	return 0;
}

static int explain_load(int err)
{
	char name[ERRNAME_MAX];

	if (*msg__libbpf_warning_with("bpf_iter_iommufd_policy") || err == -EINVAL || err == -ESRCH)
		return machine__foreign();
	if (err == -EPERM || err == -EACCES)
		return machine__refused("asking the kernel for its policies");
	msg("asking the kernel for its policies: %s\n  libbpf says: %s", errname(-err, name),
	    msg__libbpf_warning());
	return err;
}

static int run_program(struct iopolicy_bpf *bpf, struct force *force)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct ring_buffer *ring;
	int err;

	ring = ring_buffer__new(bpf_map__fd(bpf->maps.records), take_record, force, NULL);
	if (!ring)
		return -errno;
	err = bpf_prog_test_run_opts(bpf_program__fd(bpf->progs.list_policies), &opts);
	if (!err) {
		err = ring_buffer__consume(ring);
		err = err < 0 ? err : 0;
	}
	ring_buffer__free(ring);
	if (!err && bpf->bss->policies_lost)
		err = -ENOSPC;
	return err;
}

int force__read(struct force *force)
{
	struct iopolicy_bpf *bpf;
	char name[ERRNAME_MAX];
	int err;

	memset(force, 0, sizeof(*force));
	bpf = iopolicy_bpf__open();
	if (!bpf) {
		err = -errno;
		msg("opening the BPF programs: %s", errname(-err, name));
		return err;
	}
	bpf_program__set_autoload(bpf->progs.verdict, false);
	err = iopolicy_bpf__load(bpf);
	if (err) {
		err = explain_load(err);
	} else {
		err = run_program(bpf, force);
		if (err)
			msg("asking the kernel for its policies: %s", errname(-err, name));
	}
	iopolicy_bpf__destroy(bpf);
	if (err)
		force__free(force);
	return err;
}

void force__free(struct force *force)
{
	free(force->policies);
	memset(force, 0, sizeof(*force));
}

const struct iommufd_policy_info *force__find(const struct force *force, const char *name)
{
	unsigned int i;

	for (i = 0; i < force->nr; i++)
		if (!strncmp(force->policies[i].name, name, IOMMUFD_POLICY_NAME_LEN))
			return &force->policies[i];
	return NULL;
}

const struct iommufd_policy_info *force__find_link(const struct force *force, __u32 link_id)
{
	unsigned int i;

	for (i = 0; i < force->nr; i++)
		if (force->policies[i].link_id == link_id)
			return &force->policies[i];
	return NULL;
}

__u32 force__link_id(int link_fd, __u32 *map_id)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	*map_id = 0;
	if (bpf_link_get_info_by_fd(link_fd, &info, &size) || info.type != BPF_LINK_TYPE_STRUCT_OPS)
		return 0;
	*map_id = info.struct_ops.map_id;
	return info.id;
}

/* Whether a line of the file is this one. */
static bool has_line(const char *path, const char *wanted)
{
	char line[256];
	bool found = false;
	FILE *file;

	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = !strcmp(line, wanted);
	if (file)
		fclose(file);
	return found;
}

static bool has_link(const char *pid, const char *wanted)
{
	char folder[64], path[512];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/proc/%.16s/fdinfo", pid);
	dir = opendir(folder);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		found = isdigit((unsigned char)entry->d_name[0]) && has_line(path, wanted);
	}
	if (dir)
		closedir(dir);
	return found;
}

char *force__holders(char text[FORCE_HOLDERS_MAX], __u32 link_id)
{
	char wanted[32], path[64], comm[32], clean[32];
	struct dirent *entry;
	size_t length = 0;
	FILE *file;
	DIR *dir;

	text[0] = '\0';
	snprintf(wanted, sizeof(wanted), "link_id:\t%u\n", link_id);
	dir = opendir("/proc");
	while (dir && length < FORCE_HOLDERS_MAX && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !has_link(entry->d_name, wanted))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file || !fgets(comm, sizeof(comm), file))
			strcpy(comm, "?");
		if (file)
			fclose(file);
		text__clean(clean, sizeof(clean), comm, strcspn(comm, "\n"), sizeof(clean), false);
		length += snprintf(text + length, FORCE_HOLDERS_MAX - length, "%s%s (pid %.16s)",
				   length ? ", " : "", clean, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return text;
}
