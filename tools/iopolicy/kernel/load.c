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
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "kernel/kernel.h"
#include "kernel/layout.h"
#include "kernel_btf.h"
#include "msg.h"

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

/* libbpf warns: "couldn't reuse pinned map at 'x': parameter mismatch" */
static int explain_shared(const struct object *object, const char *warning)
{
	const char *at = strstr(warning, " at '"), *path = at ? at + strlen(" at '") : "?";
	int length = strcspn(path, "'");

	msg("%s: the map pinned in %.*s has another type, size or flags than that of the file\n"
	    "  iopolicy clean removes it if no program uses it; otherwise rename the map in the "
	    "file",
	    object->file, length, path);
	return -ENOEXEC;
}

static int explain_load(struct object *object, bool verbose, int err)
{
	char name[ERRNAME_MAX];
	const char *member, *kfunc;

	if (object->log[0] && *msg__libbpf_warning_with("BPF program load failed"))
		return explain_verifier(object, verbose);
	if (*msg__libbpf_warning_with("couldn't reuse pinned map at"))
		return explain_shared(object,
				      msg__libbpf_warning_with("couldn't reuse pinned map at"));
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

/* The kernel keeps the text of rules, so that everybody can read the rules in force. */
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

/* The maps that libbpf will pin by their names, and does not find pinned. */
static __u64 find_new_shared(const struct object *object)
{
	struct bpf_map *map;
	unsigned int i = 0;
	__u64 bits = 0;

	bpf_object__for_each_map(map, object->bpf) {
		if (i < 64 && bpf_map__pin_path(map) && access(bpf_map__pin_path(map), F_OK))
			bits |= 1ull << i;
		i++;
	}
	return bits;
}

int load__object(struct object *object, bool verbose)
{
	__u64 new_shared = find_new_shared(object);
	int err;

	/* Somebody's program may use functions and types of any module, that of rules does not. */
	kernel_btf__see_all(!object->source);
	err = bpf_object__load(object->bpf);
	kernel_btf__see_all(false);
	if (err)
		return explain_load(object, verbose, err);
	object->new_shared = new_shared;
	return object->source ? fill_source(object) : 0;
}

/* Copy a member to its place in the kernel's struct. libbpf compared the types at load time. */
static int fill_member(const struct object *object, unsigned int i, const struct layout *layout,
		       char *value)
{
	const struct btf_member *to;
	struct bpf_program *program;
	unsigned long fd;
	__s64 size;
	void *from;

	from = object__member_data(object, i, &size);
	to = layout__member(layout, object__member_name(object, i));
	if (!to)
		return 0; /* it is 0, because libbpf does not load any other value */
	if (!from || to->offset / 8 + (size_t)size > layout->ops->size)
		return -EPROTO;
	program = object__program(object, i);
	if (program) {
		fd = bpf_program__fd(program);
		from = &fd;
	}
	memcpy(value + to->offset / 8, from, size);
	return 0;
}

static int fill_value(const struct object *object, char **value)
{
	struct layout layout;
	unsigned int i;
	int err;

	err = layout__find(&layout);
	if (err)
		return err;
	*value = calloc(1, layout.size);
	if (!*value)
		return -ENOMEM;
	for (i = 0; i < object__nr_members(object) && !err; i++)
		err = fill_member(object, i, &layout, *value + layout.data_offset);
	return err;
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
