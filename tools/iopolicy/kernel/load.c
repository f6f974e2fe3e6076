// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load a policy into the kernel, and explain a rejection.
 *
 * libbpf fills and attaches a struct_ops map in one function, and updates only links that it
 * created itself. A replace updates a link that another process has pinned, so load__fill() builds
 * the value here: the struct as in the module's BTF, with numbers copied, and programs as file
 * descriptors.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"

#define OPS_TYPE "iommufd_policy_ops"
#define VALUE_TYPE "bpf_struct_ops_" OPS_TYPE

#define LOG_LINES 8 /* of the verifier's log that are shown without -v */
#define LINE_MAX_SHOWN 200
#define TAIL_MAX (LOG_LINES * (LINE_MAX_SHOWN + 4))

/* Whether a line of the verifier's log has no reason in it, only statistics. */
static bool is_statistics(const char *line)
{
	static const char *const begins[] = { "processed ", "verification time ", "stack depth " };
	unsigned int i;

	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (!strncmp(line, begins[i], strlen(begins[i])))
			return true;
	return !*line;
}

/* Copy the last lines of the verifier's log. This cuts the log into lines. */
static void copy_log_tail(char *log, char text[TAIL_MAX])
{
	char *lines[LOG_LINES] = {}, *line, *rest = NULL;
	unsigned int nr = 0, i;
	int at = 0;

	for (line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!is_statistics(line))
			lines[nr++ % LOG_LINES] = line;
	for (i = nr > LOG_LINES ? nr - LOG_LINES : 0; i < nr && at < TAIL_MAX; i++)
		at += snprintf(text + at, TAIL_MAX - at, "%s  %.*s", at ? "\n" : "", LINE_MAX_SHOWN,
			       lines[i % LOG_LINES]);
}

static void show_whole_log(char *log)
{
	char *line, *rest = NULL;

	for (line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		msg("  %s", line);
}

/* libbpf warns: "prog 'x': BPF program load failed: ..." */
static int explain_verifier(struct object *object, bool verbose)
{
	const char *warning = msg__libbpf_warning_with("BPF program load failed");
	const char *name = strchr(warning, '\'');
	int length = name ? strcspn(name + 1, "'") : 0;
	char tail[TAIL_MAX] = "";

	if (verbose) {
		msg("%s: the verifier rejects %.*s:", object->file, length ? length : 9,
		    length ? name + 1 : "a program");
		show_whole_log(object->log);
		return -ENOEXEC;
	}
	copy_log_tail(object->log, tail);
	msg("%s: the verifier rejects %.*s; the end of its log (iopolicy verify -v shows all of "
	    "it):\n%s",
	    object->file, length ? length : 9, length ? name + 1 : "a program", tail);
	return -ENOEXEC;
}

static int explain_load(struct object *object, bool verbose, int err)
{
	char name[ERRNAME_MAX];
	const char *member, *kfunc;

	if (object->log[0] && *msg__libbpf_warning_with("BPF program load failed"))
		return explain_verifier(object, verbose);
	if (*msg__libbpf_warning_with("is not found in kernel BTF"))
		return machine__explain_no_policies();
	member = msg__libbpf_warning_with("Cannot find member ");
	if (*member) {
		member = strstr(member, "member ") + strlen("member ");
		msg("%s: the policy sets .%.*s, which the loaded module does not know; it was "
		    "written for a newer one\n  load a newer module iommufd, or do not set it",
		    object->file, (int)strcspn(member, " "), member);
		return -ENOEXEC;
	}
	kfunc = msg__libbpf_warning_with("extern (func ksym)");
	err = machine__real_error(err);
	if (*kfunc && err != -EMFILE && err != -ENFILE && err != -ENOMEM) {
		msg("%s: the policy calls a function that the loaded module does not have\n"
		    "  libbpf: %s",
		    object->file, kfunc);
		return -ENOEXEC;
	}
	switch (err) {
	case -EPERM:
	case -EACCES:
		return machine__explain_eperm("cannot load a policy");
	case -ENOMEM:
	case -ENOSPC:
	case -EMFILE:
	case -ENFILE:
		msg("%s: not enough memory or file descriptors to load the policy (%s); its maps "
		    "may be too large",
		    object->file, errname(-err, name));
		return err;
	}
	msg("%s: the kernel rejects the policy (%s)\n  libbpf: %s", object->file,
	    errname(-err, name),
	    *msg__libbpf_warning_with("struct_ops") ? msg__libbpf_warning_with("struct_ops") :
						      msg__libbpf_warning());
	return -ENOEXEC;
}

/* The kernel keeps the text of rules, so that everybody can read what is in force. */
static int fill_source(const struct object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, "source");
	char name[ERRNAME_MAX];
	__u32 zero = 0;
	int err;

	err = map ? bpf_map_update_elem(bpf_map__fd(map), &zero, object->source, 0) : -ENOENT;
	if (err)
		msg("%s: cannot store the text of the rules in the kernel (%s)", object->file,
		    errname(-err, name));
	return err ? -EIO : 0;
}

int load__object(struct object *object, bool verbose)
{
	int err;

	err = bpf_object__load(object->bpf);
	if (err)
		return explain_load(object, verbose, err);
	return object->source ? fill_source(object) : 0;
}

static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *type,
					    const char *name)
{
	unsigned int i;

	for (i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return &btf_members(type)[i];
	return NULL;
}

/* Copy a member to its place in the kernel's struct. libbpf compared the types at load time. */
static int fill_member(const struct object *object, unsigned int i, const struct btf *btf,
		       const struct btf_type *ops, char *value, size_t room)
{
	const struct btf_member *to;
	struct bpf_program *program;
	unsigned long fd;
	__s64 size;
	void *from;

	from = object__member_data(object, i, &size);
	to = find_member(btf, ops, object__member_name(object, i));
	if (!to)
		return 0; /* it is 0, because libbpf does not load any other value */
	if (!from || to->offset / 8 + (size_t)size > room)
		return -EPROTO;
	program = object__program(object, i);
	if (program) {
		fd = bpf_program__fd(program);
		from = &fd;
	}
	memcpy(value + to->offset / 8, from, size);
	return 0;
}

/*
 * The BTF of the module, kept for the next policy until the process ends, because that of the whole
 * kernel is read for it. NULL with errno set if it cannot be read.
 */
static const struct btf *module_btf(void)
{
	static struct btf *vmlinux, *module;

	if (!vmlinux)
		vmlinux = btf__load_vmlinux_btf();
	if (vmlinux && !module)
		module = btf__load_module_btf(MODULE, vmlinux);
	return module;
}

/* The struct of a struct_ops map, which has the policy's own as its member "data". */
struct layout {
	const struct btf *btf;
	const struct btf_type *ops;
	__u32 size, data_offset;
};

static int find_layout(struct layout *layout)
{
	const struct btf_type *outer;
	const struct btf_member *data;
	__s32 outer_id, ops_id;

	layout->btf = module_btf();
	if (!layout->btf)
		return -errno;
	outer_id = btf__find_by_name_kind(layout->btf, VALUE_TYPE, BTF_KIND_STRUCT);
	ops_id = btf__find_by_name_kind(layout->btf, OPS_TYPE, BTF_KIND_STRUCT);
	if (outer_id < 0 || ops_id < 0)
		return -ENOENT;
	outer = btf__type_by_id(layout->btf, outer_id);
	layout->ops = btf__type_by_id(layout->btf, ops_id);
	data = find_member(layout->btf, outer, "data");
	if (!data || (__s32)data->type != ops_id ||
	    outer->size < data->offset / 8 + layout->ops->size)
		return -EPROTO;
	layout->size = outer->size;
	layout->data_offset = data->offset / 8;
	return 0;
}

static int fill_value(const struct object *object, char **value)
{
	struct layout layout;
	unsigned int i;
	int err;

	err = find_layout(&layout);
	if (err)
		return err;
	*value = calloc(1, layout.size);
	if (!*value)
		return -ENOMEM;
	for (i = 0; i < object__nr_members(object) && !err; i++)
		err = fill_member(object, i, layout.btf, layout.ops, *value + layout.data_offset,
				  layout.ops->size);
	return err;
}

/* Copy a member of the kernel's struct if it has this size. */
static void take_member(const struct layout *layout, const char *data, const char *name, void *to,
			size_t size)
{
	const struct btf_member *member = find_member(layout->btf, layout->ops, name);

	if (member && btf__resolve_size(layout->btf, member->type) == (__s64)size &&
	    member->offset / 8 + size <= layout->ops->size)
		memcpy(to, data + member->offset / 8, size);
}

int load__values(int map_fd, struct policy_values *values)
{
	struct layout layout;
	char name[ERRNAME_MAX], *value;
	const char *data;
	__u32 zero = 0;
	int err;

	memset(values, 0, sizeof(*values));
	err = find_layout(&layout);
	value = err ? NULL : calloc(1, layout.size);
	if (!err)
		err = value ? bpf_map_lookup_elem(map_fd, &zero, value) : -ENOMEM;
	if (err) {
		msg("cannot read the values of a loaded policy (%s)", errname(-err, name));
		free(value);
		return err;
	}
	data = value + layout.data_offset;
	take_member(&layout, data, "name", values->name, IOMMUFD_POLICY_NAME_LEN);
	take_member(&layout, data, "cgroup", &values->cgroup, sizeof(values->cgroup));
	take_member(&layout, data, "priority", &values->priority, sizeof(values->priority));
	take_member(&layout, data, "flags", &values->flags, sizeof(values->flags));
	take_member(&layout, data, "version", &values->version, sizeof(values->version));
	take_member(&layout, data, "budget_ms", &values->budget_ms, sizeof(values->budget_ms));
	free(value);
	return 0;
}

/* Explain a rejection by the reason in the kernel's log, or else by the errno. */
static int explain_rejection(const struct object *object, int log, int err)
{
	char reason[KLOG_MAX], name[ERRNAME_MAX];

	klog__read(log, reason);
	if (reason[0]) {
		msg("%s: kernel log: %s", object->file, reason);
		return -ENOEXEC;
	}
	if (err == -EPERM)
		return machine__explain_eperm("cannot attach a policy");
	if (err == -EEXIST)
		msg("%s: a loaded policy has the name %s already; see iopolicy list", object->file,
		    object->values.name);
	else
		msg("%s: the kernel rejects the policy (%s) without giving a reason; see dmesg",
		    object->file, errname(-err, name));
	return -ENOEXEC;
}

int load__fill(const struct object *object)
{
	char name[ERRNAME_MAX], *value = NULL;
	int err, log = -1;
	__u32 zero = 0;

	err = fill_value(object, &value);
	if (err) {
		msg("module " MODULE ": cannot read its BTF (%s)", errname(-err, name));
		goto out;
	}
	log = klog__open();
	err = bpf_map_update_elem(bpf_map__fd(object->ops), &zero, value, 0);
	if (err)
		err = explain_rejection(object, log, err);
	else
		klog__close(log);
out:
	free(value);
	return err;
}

int load__attach(const struct object *object)
{
	int log = klog__open(), fd;

	fd = bpf_link_create(bpf_map__fd(object->ops), 0, BPF_STRUCT_OPS, NULL);
	if (fd < 0)
		return explain_rejection(object, log, fd);
	klog__close(log);
	return fd;
}

int load__update(const struct object *object, int link_fd)
{
	int log = klog__open(), err;

	err = bpf_link_update(link_fd, bpf_map__fd(object->ops), NULL);
	if (err)
		return explain_rejection(object, log, err);
	klog__close(log);
	return 0;
}
