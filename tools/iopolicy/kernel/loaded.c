// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaded policies, the links that keep them loaded, and the refusals that the driver remembers.
 *
 * A BPF program asks the driver each time. Pins do not tell which policies are loaded: a process
 * may hold a policy without a pin, and the link of a pin may have been detached.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iopolicy.skel.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "text.h"

#define CANNOT_LIST "cannot list the loaded policies"

static int add_policy(void *ctx, void *data, size_t size)
{
	struct iommufd_policy_info *grown;
	struct loaded *loaded = ctx;

	if (size < sizeof(*grown))
		return -EPROTO;
	grown = realloc(loaded->policies, (loaded->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	loaded->policies = grown;
	memcpy(&grown[loaded->nr++], data, sizeof(*grown));
	return 0;
}

static int add_refusal(void *ctx, void *data, size_t size)
{
	struct iommufd_refusal_info *grown;
	struct kept_refusals *history = ctx;

	if (size < sizeof(*grown))
		return -EPROTO;
	grown = realloc(history->list, (history->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	history->list = grown;
	memcpy(&grown[history->nr++], data, sizeof(*grown));
	return 0;
}

static int explain_load(int err)
{
	char name[ERRNAME_MAX];

	err = machine__real_error(err);
	if ((*msg__libbpf_warning_with("bpf_iter_iommufd_policy") && err != -EMFILE) ||
	    err == -EINVAL || err == -ESRCH)
		return machine__explain_no_policies();
	if (err == -EPERM || err == -EACCES)
		return machine__explain_eperm(CANNOT_LIST);
	msg(CANNOT_LIST " (%s)\n  libbpf: %s", errname(-err, name), msg__libbpf_warning());
	return err;
}

/* Run a program, and read the records that it makes. Return 0 or -errno. */
static int run_program(struct iopolicy_bpf *bpf, const struct bpf_program *program,
		       ring_buffer_sample_fn add, void *to)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct ring_buffer *ring;
	int err;

	ring = ring_buffer__new(bpf_map__fd(bpf->maps.records), add, to, NULL);
	if (!ring)
		return -errno;
	err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
	if (!err) {
		err = ring_buffer__consume(ring);
		err = err < 0 ? err : 0;
	}
	ring_buffer__free(ring);
	if (!err && bpf->bss->policies_lost)
		err = -ENOSPC;
	return err;
}

/* Load all programs that list something. NULL: after a message, with the error in *err. */
static struct iopolicy_bpf *open_programs(int *err)
{
	struct iopolicy_bpf *bpf = iopolicy_bpf__open();
	char name[ERRNAME_MAX];

	if (!bpf) {
		*err = -errno;
		msg("cannot open the BPF programs (%s)", errname(-*err, name));
		return NULL;
	}
	bpf_program__set_autoload(bpf->progs.verdict, false);
	bpf_program__set_autoload(bpf->progs.seal, false);
	*err = iopolicy_bpf__load(bpf);
	if (!*err)
		return bpf;
	*err = explain_load(*err);
	iopolicy_bpf__destroy(bpf);
	return NULL;
}

int loaded__read(struct loaded *loaded)
{
	struct iopolicy_bpf *bpf;
	char name[ERRNAME_MAX];
	int err;

	memset(loaded, 0, sizeof(*loaded));
	bpf = open_programs(&err);
	if (!bpf)
		return err;
	err = run_program(bpf, bpf->progs.list_policies, add_policy, loaded);
	if (err) {
		msg(CANNOT_LIST " (%s)", errname(-err, name));
		loaded__free(loaded);
	}
	iopolicy_bpf__destroy(bpf);
	return err;
}

int kept_refusals__read(struct kept_refusals *history)
{
	struct iopolicy_bpf *bpf;
	char name[ERRNAME_MAX];
	int err;

	memset(history, 0, sizeof(*history));
	bpf = open_programs(&err);
	if (!bpf)
		return err;
	err = run_program(bpf, bpf->progs.list_refusals, add_refusal, history);
	history->is_known = bpf->bss->has_history;
	if (err) {
		msg("cannot list the last refusals (%s)", errname(-err, name));
		kept_refusals__free(history);
	}
	iopolicy_bpf__destroy(bpf);
	return err;
}

void kept_refusals__free(struct kept_refusals *history)
{
	free(history->list);
	memset(history, 0, sizeof(*history));
}

void loaded__free(struct loaded *loaded)
{
	free(loaded->policies);
	memset(loaded, 0, sizeof(*loaded));
}

const struct iommufd_policy_info *loaded__find_name(const struct loaded *loaded, const char *name)
{
	unsigned int i;

	for (i = 0; i < loaded->nr; i++)
		if (!strncmp(loaded->policies[i].name, name, IOMMUFD_POLICY_NAME_LEN))
			return &loaded->policies[i];
	return NULL;
}

const struct iommufd_policy_info *loaded__find_link(const struct loaded *loaded, __u32 link_id)
{
	unsigned int i;

	for (i = 0; i < loaded->nr; i++)
		if (loaded->policies[i].link_id == link_id)
			return &loaded->policies[i];
	return NULL;
}

__u32 link__id(int link_fd, __u32 *map_id)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	*map_id = 0;
	if (bpf_link_get_info_by_fd(link_fd, &info, &size) || info.type != BPF_LINK_TYPE_STRUCT_OPS)
		return 0;
	*map_id = info.struct_ops.map_id;
	return info.id;
}

/* Whether a policy is sealed. If that cannot be known, it counts as sealed. */
static bool is_sealed(__u32 link_id)
{
	const struct iommufd_policy_info *info;
	struct loaded loaded;
	bool sealed;

	if (loaded__read(&loaded))
		return true;
	info = loaded__find_link(&loaded, link_id);
	sealed = info && info->flags & IOMMUFD_POLICY_SEALED;
	loaded__free(&loaded);
	return sealed;
}

bool loaded__is_sealed(const char *name)
{
	const struct iommufd_policy_info *info;
	struct loaded loaded;
	bool sealed;

	if (loaded__read(&loaded))
		return true;
	info = loaded__find_name(&loaded, name);
	sealed = info && info->flags & IOMMUFD_POLICY_SEALED;
	loaded__free(&loaded);
	if (sealed)
		msg("%s: sealed until the machine is rebooted, so it can be neither replaced nor "
		    "unloaded",
		    name);
	return sealed;
}

/*
 * BPF detaches one struct_ops link at a time, and would let all others wait as long as programs of
 * this one run. It holds no lock when the last reference to a link goes, so close it first, and
 * detach it only if a process or another pin holds it, too. Never detach one of a sealed policy:
 * that cannot be undone, and no device could be used until a reboot.
 */
int link__end(int link_fd)
{
	__u32 map_id, id = link__id(link_fd, &map_id);
	int err;

	close(link_fd);
	link_fd = bpf_link_get_fd_by_id(id);
	if (link_fd < 0)
		return 0;
	err = is_sealed(id) ? -EBUSY : bpf_link_detach(link_fd);
	close(link_fd);
	return err;
}

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

/* Whether a file in the process's fdinfo has the wanted line. */
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

char *link__holders(char text[LINK_HOLDERS_MAX], __u32 link_id)
{
	char wanted[32], path[64], comm[32], clean[32];
	struct dirent *entry;
	size_t length = 0;
	FILE *file;
	DIR *dir;

	text[0] = '\0';
	snprintf(wanted, sizeof(wanted), "link_id:\t%u\n", link_id);
	dir = opendir("/proc");
	while (dir && length < LINK_HOLDERS_MAX && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !has_link(entry->d_name, wanted))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file || !fgets(comm, sizeof(comm), file))
			strcpy(comm, "?");
		if (file)
			fclose(file);
		text__clean(clean, sizeof(clean), comm, strcspn(comm, "\n"), sizeof(clean), false);
		length += snprintf(text + length, LINK_HOLDERS_MAX - length, "%s%s (pid %.16s)",
				   length ? ", " : "", clean, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return text;
}
