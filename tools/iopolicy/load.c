// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy into the kernel, and why that failed.
 *
 * Three steps: bpf_object__load() makes maps and programs; load__fill() gives the struct_ops map
 * its value, which the driver validates; a link puts it in force, or an update of a link does that
 * in place of another policy.
 *
 * libbpf has the last two in one function, and only for links that it has made itself. A replace
 * updates a link that was pinned by another process, so the value is made here: the struct as the
 * module's BTF has it, numbers copied, programs as file descriptors.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "iopolicy.h"
#include "msg.h"

#define OPS_TYPE "iommufd_policy_ops"
#define VALUE_TYPE "bpf_struct_ops_" OPS_TYPE

#define LOG_LINES 8   /* of the verifier's log, without -v */
#define LINE_MAX_SHOWN 200
#define WORDS_MAX (LOG_LINES * (LINE_MAX_SHOWN + 4))

/* Lines at the end of the verifier's log that only have statistics in them. */
static bool is_statistics(const char *line)
{
	static const char *const begins[] = { "processed ", "verification time ", "stack depth " };
	unsigned int i;

	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (!strncmp(line, begins[i], strlen(begins[i])))
			return true;
	return !*line;
}

/* The verifier's last words in text; the log is cut in lines. */
static void find_last_words(char *log, char text[WORDS_MAX])
{
	char *lines[LOG_LINES] = {}, *line, *rest = NULL;
	unsigned int nr = 0, i;
	int at = 0;

	for (line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!is_statistics(line))
			lines[nr++ % LOG_LINES] = line;
	for (i = nr > LOG_LINES ? nr - LOG_LINES : 0; i < nr && at < WORDS_MAX; i++)
		at += snprintf(text + at, WORDS_MAX - at, "%s  %.*s", at ? "\n" : "",
			       LINE_MAX_SHOWN, lines[i % LOG_LINES]);
}

static void show_whole_log(char *log)
{
	char *line, *rest = NULL;

	for (line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		msg("  %s", line);
}

/* "prog 'x': BPF program load failed: ..." */
static int explain_verifier(struct policy *policy, const struct options *options)
{
	const char *warning = msg__libbpf_warning_with("BPF program load failed");
	const char *name = strchr(warning, '\'');
	int length = name ? strcspn(name + 1, "'") : 0;
	char words[WORDS_MAX] = "";

	if (options->verbose) {
		msg("%s: the verifier refuses %.*s:", policy->file, length ? length : 9,
		    length ? name + 1 : "a program");
		show_whole_log(policy->log);
		return -ENOEXEC;
	}
	find_last_words(policy->log, words);
	msg("%s: the verifier refuses %.*s; its last words (all of them: iopolicy verify -v):\n%s",
	    policy->file, length ? length : 9, length ? name + 1 : "a program", words);
	return -ENOEXEC;
}

static int explain_load(struct policy *policy, const struct options *options, int err)
{
	char name[ERRNAME_MAX];
	const char *member, *kfunc;

	if (policy->log[0] && *msg__libbpf_warning_with("BPF program load failed"))
		return explain_verifier(policy, options);
	if (*msg__libbpf_warning_with("is not found in kernel BTF"))
		return machine__foreign();
	member = msg__libbpf_warning_with("Cannot find member ");
	if (*member) {
		member = strstr(member, "member ") + strlen("member ");
		msg("%s: it sets %.*s, which the policies of the loaded module do not have; it is "
		    "made for a newer one\n  load a newer module iommufd, or leave that out",
		    policy->file, (int)strcspn(member, " "), member);
		return -ENOEXEC;
	}
	kfunc = msg__libbpf_warning_with("extern (func ksym)");
	if (*kfunc) {
		msg("%s: it calls a function that the loaded module does not have\n"
		    "  libbpf says: %s",
		    policy->file, kfunc);
		return -ENOEXEC;
	}
	switch (err) {
	case -EPERM:
	case -EACCES:
		return machine__refused("loading a policy");
	case -ENOMEM:
	case -ENOSPC:
	case -EMFILE:
	case -ENFILE:
		msg("%s: not enough memory or files to load it (%s); its maps may be too large",
		    policy->file, errname(-err, name));
		return err;
	}
	msg("%s: the kernel does not take it (%s)\n  libbpf says: %s", policy->file,
	    errname(-err, name),
	    *msg__libbpf_warning_with("struct_ops") ? msg__libbpf_warning_with("struct_ops") :
						      msg__libbpf_warning());
	return -ENOEXEC;
}

int load__load(struct policy *policy, const struct options *options)
{
	int err;

	err = bpf_object__load(policy->object);
	return err ? explain_load(policy, options, err) : 0;
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

/* Copies a member to where the kernel has it. libbpf has compared types when it loaded. */
static int fill_member(const struct policy *policy, unsigned int i, const struct btf *btf,
		       const struct btf_type *ops, char *value, size_t room)
{
	const struct btf_member *member = &btf_members(policy->type)[i], *to;
	struct bpf_program *program;
	unsigned long fd;
	__s64 size;
	void *from;

	from = policy__data(policy, i, &size);
	to = find_member(btf, ops, btf__name_by_offset(policy->btf, member->name_off));
	if (!to)
		return 0;  /* all zero, or it would not have loaded */
	if (size < 0 || to->offset / 8 + (size_t)size > room)
		return -EPROTO;
	program = policy__program(policy, i);
	if (program) {
		fd = bpf_program__fd(program);
		from = &fd;
	}
	memcpy(value + to->offset / 8, from, size);
	return 0;
}

static int fill_value(const struct policy *policy, const struct btf *btf, char **value)
{
	const struct btf_type *outer, *ops;
	const struct btf_member *data;
	__s32 outer_id, ops_id;
	unsigned int i;
	int err = 0;

	outer_id = btf__find_by_name_kind(btf, VALUE_TYPE, BTF_KIND_STRUCT);
	ops_id = btf__find_by_name_kind(btf, OPS_TYPE, BTF_KIND_STRUCT);
	if (outer_id < 0 || ops_id < 0)
		return -ENOENT;
	outer = btf__type_by_id(btf, outer_id);
	ops = btf__type_by_id(btf, ops_id);
	data = find_member(btf, outer, "data");
	if (!data || (__s32)data->type != ops_id || outer->size < data->offset / 8 + ops->size)
		return -EPROTO;
	*value = calloc(1, outer->size);
	if (!*value)
		return -ENOMEM;
	for (i = 0; i < btf_vlen(policy->type) && !err; i++)
		err = fill_member(policy, i, btf, ops, *value + data->offset / 8, ops->size);
	return err;
}

/* The kernel said no: its sentence, or what the errno tells. */
static int refused(const struct policy *policy, int log, int err)
{
	char sentence[KLOG_MAX], name[ERRNAME_MAX];

	klog__sentence(log, sentence);
	if (sentence[0]) {
		msg("%s: refused by the kernel: %s", policy->file, sentence);
		return -ENOEXEC;
	}
	if (err == -EPERM)
		return machine__refused("putting a policy in force");
	if (err == -EEXIST)
		msg("%s: the name %s is taken by a policy in force; see iopolicy list",
		    policy->file, policy->name);
	else
		msg("%s: the kernel refuses it (%s) and says nothing more; see dmesg", policy->file,
		    errname(-err, name));
	return -ENOEXEC;
}

int load__fill(struct policy *policy)
{
	struct btf *vmlinux = NULL, *btf = NULL;
	char name[ERRNAME_MAX], *value = NULL;
	int err, log = -1;
	__u32 zero = 0;

	vmlinux = btf__load_vmlinux_btf();
	btf = vmlinux ? btf__load_module_btf(MODULE, vmlinux) : NULL;
	err = btf ? fill_value(policy, btf, &value) : -errno;
	if (err) {
		msg("reading the BTF of the module " MODULE ": %s", errname(-err, name));
		goto out;
	}
	log = klog__open();
	err = bpf_map_update_elem(bpf_map__fd(policy->ops), &zero, value, 0);
	if (err)
		err = refused(policy, log, err);
	else
		klog__close(log);
out:
	free(value);
	btf__free(btf);
	btf__free(vmlinux);
	return err;
}

int load__attach(struct policy *policy)
{
	int log = klog__open(), fd;

	fd = bpf_link_create(bpf_map__fd(policy->ops), 0, BPF_STRUCT_OPS, NULL);
	if (fd < 0)
		return refused(policy, log, fd);
	klog__close(log);
	return fd;
}

int load__update(struct policy *policy, int link_fd)
{
	int log = klog__open(), err;

	err = bpf_link_update(link_fd, bpf_map__fd(policy->ops), NULL);
	if (err)
		return refused(policy, log, err);
	klog__close(log);
	return 0;
}
