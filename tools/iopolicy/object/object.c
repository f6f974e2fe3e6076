// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open, check and change an object file with a policy.
 *
 * Members of struct iommufd_policy_ops are found by their names in the BTF of the file, because the
 * file may have been compiled with another version of the header. libbpf keeps the value of the
 * struct in a buffer, where a member that points to a function holds the struct bpf_program
 * instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "hook.h"
#include "msg.h"
#include "object/object.h"
#include "object/param.h"
#include "object/section.h"

#define TYPE_NAME "iommufd_policy_ops"
#define SLEEPABLE "struct_ops.s"

bool policy_name__is_valid(const char *name)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-.";
	size_t length = strlen(name);

	/* The driver's rule. It also keeps "." and ".." from becoming names of directories. */
	return length && length < IOMMUFD_POLICY_NAME_LEN && strspn(name, valid) == length &&
	       name[0] != '.';
}

/* Check for errors that libbpf reports in unclear words, or not at all. */
static int check_file(const char *file)
{
	char name[ERRNAME_MAX];
	struct stat stat;
	int fd, err;

	fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	err = fd < 0 || fstat(fd, &stat) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (err) {
		msg("%s: cannot read the file (%s)", file, errname(-err, name));
		/* The caller gives -EPERM and -EINVAL other meanings. */
		return err == -EPERM || err == -EINVAL ? -EACCES : err;
	}
	if (!S_ISREG(stat.st_mode)) {
		msg("%s: not a regular file", file);
		return -ENOEXEC;
	}
	return 0;
}

static int explain_open(const char *file, int err)
{
	char name[ERRNAME_MAX];

	if (*msg__libbpf_warning_with("BTF is required"))
		msg("%s: the file has no BTF; compile it with -g", file);
	else if (*msg__libbpf_warning_with("failed to find BTF for extern"))
		msg("%s: compiled without optimisation, so the types of the functions that it "
		    "calls are missing; compile it with -O2 -g",
		    file);
	else if (err == -LIBBPF_ERRNO__FORMAT || *msg__libbpf_warning_with("elf:"))
		msg("%s: not a BPF object file; compile policies with clang --target=bpf -c", file);
	else
		msg("%s: libbpf cannot open this BPF object (%s)\n  libbpf: %s", file,
		    errname(-err, name), msg__libbpf_warning());
	return err == -ENOMEM ? err : -ENOEXEC;
}

static bool is_policy_type(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;
	size_t length = strlen(TYPE_NAME);

	/* A name with "___x" behind it is another definition of the same type. */
	return name && btf_is_struct(type) && !strncmp(name, TYPE_NAME, length) &&
	       (!name[length] || !strncmp(name + length, "___", 3));
}

static int find_ops(struct object *object)
{
	struct bpf_map *map, *other = NULL;

	bpf_object__for_each_map(map, object->bpf) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (!is_policy_type(object->btf, bpf_map__btf_value_type_id(map))) {
			other = map;
			continue;
		}
		if (object->ops) {
			msg("%s: the file contains more than one policy, %s and %s; put each into "
			    "its own file",
			    object->file, bpf_map__name(object->ops), bpf_map__name(map));
			return -ENOEXEC;
		}
		object->ops = map;
	}
	if (!object->ops) {
		msg("%s: the file contains no policy: no struct " TYPE_NAME " in a section "
		    ".struct_ops.link\n  define one with IOMMUFD_POLICY(name) = { ... }, see "
		    "iommufd-policy(7)",
		    object->file);
		return -ENOEXEC;
	}
	if (other) {
		msg("%s: besides the policy the file contains %s, a struct_ops map of another "
		    "type; remove it",
		    object->file, bpf_map__name(other));
		return -ENOEXEC;
	}
	if (!(bpf_map__map_flags(object->ops) & BPF_F_LINK)) {
		msg("%s: %s is in section .struct_ops, not in .struct_ops.link; define it with "
		    "IOMMUFD_POLICY()",
		    object->file, bpf_map__name(object->ops));
		return -ENOEXEC;
	}
	object->type = btf__type_by_id(object->btf, bpf_map__btf_value_type_id(object->ops));
	return 0;
}

unsigned int object__nr_members(const struct object *object)
{
	return btf_vlen(object->type);
}

const char *object__member_name(const struct object *object, unsigned int member)
{
	return btf__name_by_offset(object->btf, btf_members(object->type)[member].name_off);
}

/* The number of a member, or -1. */
static int find_member(const struct object *object, const char *name)
{
	unsigned int i;

	for (i = 0; i < object__nr_members(object); i++)
		if (!strcmp(object__member_name(object, i), name))
			return i;
	return -1;
}

void *object__member_data(const struct object *object, unsigned int member, __s64 *size)
{
	__u32 offset = btf_member_bit_offset(object->type, member) / 8;
	size_t buffer_size = 0;
	char *data = bpf_map__initial_value(object->ops, &buffer_size);

	*size = btf__resolve_size(object->btf, btf_members(object->type)[member].type);
	/* libbpf does not check that the members of a struct lie within it. */
	if (!data || *size < 0 || offset > buffer_size || (size_t)*size > buffer_size - offset)
		return NULL;
	return data + offset;
}

struct bpf_program *object__program(const struct object *object, unsigned int member)
{
	const struct btf_type *type;
	struct bpf_program *program;
	const void *data;
	void *value;
	__s64 size;
	__s32 id;

	id = btf__resolve_type(object->btf, btf_members(object->type)[member].type);
	type = id < 0 ? NULL : btf__type_by_id(object->btf, id);
	if (!type || !btf_is_ptr(type))
		return NULL;
	data = object__member_data(object, member, &size);
	if (!data || size != sizeof(value))
		return NULL;
	memcpy(&value, data, sizeof(value));
	/* Without a relocation, libbpf leaves the bytes of the file there, which are no pointer. */
	bpf_object__for_each_program(program, object->bpf)
		if (program == value)
			return program;
	return NULL;
}

int object__drop_hook(struct object *object, const char *hook)
{
	int member = find_member(object, hook);
	struct bpf_program *program = member < 0 ? NULL : object__program(object, member);
	void *data, *none = NULL;
	__s64 size;

	if (!program)
		return 0;
	data = object__member_data(object, member, &size);
	if (bpf_program__set_autoload(program, false)) {
		msg("%s: libbpf cannot leave out program %s", object->file,
		    bpf_program__name(program));
		return -ENOEXEC;
	}
	memcpy(data, &none, sizeof(none));
	return 0;
}

char *object__shipped(const char *name)
{
	char self[PATH_MAX], path[2 * PATH_MAX], *slash;
	ssize_t size;

	size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[size < 0 ? 0 : size] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(path, sizeof(path), "%s/../lib/iommuscope/policies/%s", self, name);
	if (access(path, F_OK)) /* where it was built */
		snprintf(path, sizeof(path), "%s/policies/%s", self, name);
	return realpath(path, NULL);
}

/* libbpf sets the program's flag only when it loads it, so look at the section's name. */
bool object__may_sleep(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return !strncmp(section, SLEEPABLE, strlen(SLEEPABLE));
}

static bool is_used(const struct object *object, const struct bpf_program *program)
{
	unsigned int i;

	for (i = 0; i < object__nr_members(object); i++)
		if (object__program(object, i) == program)
			return true;
	return false;
}

static int check_programs(const struct object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object->bpf) {
		if (bpf_program__type(program) != BPF_PROG_TYPE_STRUCT_OPS) {
			msg("%s: program %s (section %s) is not a hook; the file of a policy may "
			    "contain only hooks",
			    object->file, bpf_program__name(program),
			    bpf_program__section_name(program));
			return -ENOEXEC;
		}
		if (!is_used(object, program)) {
			msg("%s: program %s is not part of the policy; add it to %s: .HOOK = "
			    "(void *)%s",
			    object->file, bpf_program__name(program), bpf_map__name(object->ops),
			    bpf_program__name(program));
			return -ENOEXEC;
		}
	}
	return 0;
}

/* Copy a member if it has this size, else zeros. */
static void read_member(const struct object *object, const char *name, void *value, size_t size)
{
	int member = find_member(object, name);
	__s64 has;
	void *data;

	memset(value, 0, size);
	if (member < 0)
		return;
	data = object__member_data(object, member, &has);
	if (data && has == (__s64)size)
		memcpy(value, data, size);
}

static void read_values(struct object *object)
{
	struct policy_values *values = &object->values;

	read_member(object, "name", values->name, IOMMUFD_POLICY_NAME_LEN);
	values->name[IOMMUFD_POLICY_NAME_LEN] = '\0';
	read_member(object, "cgroup", &values->cgroup, sizeof(values->cgroup));
	read_member(object, "priority", &values->priority, sizeof(values->priority));
	read_member(object, "flags", &values->flags, sizeof(values->flags));
	read_member(object, "version", &values->version, sizeof(values->version));
	read_member(object, "budget_ms", &values->budget_ms, sizeof(values->budget_ms));
}

int object__open(struct object *object, const char *file)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	int err;

	memset(object, 0, sizeof(*object));
	object->file = file;
	err = check_file(file);
	if (err)
		return err;
	object->log = calloc(1, OBJECT_LOG_SIZE);
	if (!object->log) {
		msg("%s: not enough memory for the verifier's log", file);
		return -ENOMEM;
	}
	opts.kernel_log_buf = object->log;
	opts.kernel_log_size = OBJECT_LOG_SIZE;
	object->bpf = bpf_object__open_file(file, &opts);
	if (!object->bpf)
		return explain_open(file, -errno);
	object->btf = bpf_object__btf(object->bpf);
	if (!object->btf) {
		msg("%s: the file has no BTF; compile it with -g", file);
		return -ENOEXEC;
	}
	err = find_ops(object);
	if (err)
		return err;
	read_values(object);
	return check_programs(object);
}

static void unpin_shared(const struct object *object)
{
	unsigned int i = 0;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		if (i < 64 && object->new_shared >> i & 1)
			unlink(bpf_map__pin_path(map));
		i++;
	}
}

void object__close(struct object *object)
{
	if (object->new_shared)
		unpin_shared(object);
	bpf_object__close(object->bpf);
	free(object->log);
	free(object->path);
	free(object->source);
}

/* Change a member, which must exist and have this size. */
static int write_member(struct object *object, const char *name, const void *value, size_t size)
{
	int member = find_member(object, name);
	__s64 has = 0;
	void *data = member < 0 ? NULL : object__member_data(object, member, &has);

	if (!data || has != (__s64)size) {
		msg("%s: struct " TYPE_NAME " of the file has no member %s of %zu bytes; compile "
		    "it with iommuscope's iommufd_policy.bpf.h",
		    object->file, name, size);
		return -ENOEXEC;
	}
	memcpy(data, value, size);
	return 0;
}

int object__find_params(const struct object *object, struct params *params)
{
	struct bpf_map *map;
	size_t size;
	void *data;
	int err;

	memset(params, 0, sizeof(*params));
	bpf_object__for_each_map(map, object->bpf) {
		const char *name = bpf_map__name(map), *dot = strstr(name, ".rodata");

		/* libbpf puts the object's name before that of the section. */
		if (!bpf_map__is_internal(map) || !dot || strcmp(dot, ".rodata"))
			continue;
		data = bpf_map__initial_value(map, &size);
		if (!data || !bpf_map__btf_value_type_id(map))
			continue;
		err = params__add(params, object->btf, bpf_map__btf_value_type_id(map), data, size);
		if (err) {
			msg("%s: the BTF of section .rodata is invalid", object->file);
			params__free(params);
			return -ENOEXEC;
		}
	}
	return 0;
}

static int set_params(struct object *object, const struct object_settings *settings)
{
	char why[PARAM_WHY_MAX];
	struct params params;
	unsigned int i;
	int err;

	err = object__find_params(object, &params);
	if (!err && settings->inherited)
		params__inherit(&params, settings->inherited);
	for (i = 0; i < settings->nr_params && !err; i++) {
		err = params__set(&params, settings->params[i], why);
		if (err)
			msg("%s: %s", settings->where, why);
	}
	params__free(&params);
	return err;
}

int object__configure(struct object *object, const struct object_settings *settings)
{
	char name[IOMMUFD_POLICY_NAME_LEN] = {};
	__u32 flags = object->values.flags;
	int err;

	if (settings->audit)
		flags |= IOMMUFD_POLICY_AUDIT;
	if (settings->eject)
		flags |= IOMMUFD_POLICY_EJECT;
	if (settings->no_eject)
		flags &= ~IOMMUFD_POLICY_EJECT;
	if (settings->enforce)
		flags &= ~IOMMUFD_POLICY_AUDIT;

	err = set_params(object, settings);
	if (!err && settings->name) {
		strcpy(name, settings->name);
		err = write_member(object, "name", name, sizeof(name));
	}
	if (!err && settings->priority)
		err = write_member(object, "priority", settings->priority,
				   sizeof(*settings->priority));
	if (!err && settings->cgroup)
		err = write_member(object, "cgroup", settings->cgroup, sizeof(*settings->cgroup));
	if (!err && flags != object->values.flags)
		err = write_member(object, "flags", &flags, sizeof(flags));
	read_values(object);
	return err;
}

int object__set_trial(struct object *object)
{
	__u32 flags = object->values.flags | IOMMUFD_POLICY_TRIAL;
	int err = write_member(object, "flags", &flags, sizeof(flags));

	read_values(object);
	return err;
}

void object__pin_no_maps(const struct object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf)
		bpf_map__set_pin_path(map, NULL);
}

/* Look at all members, because a newer header may have hooks that are unknown here. */
static bool has_program(const struct object *object)
{
	unsigned int i;

	for (i = 0; i < object__nr_members(object); i++)
		if (object__program(object, i))
			return true;
	return false;
}

/* Check that no program may sleep if its hook must not. */
static int check_sleep(const struct object *object)
{
	struct bpf_program *program;
	const char *program_name;
	unsigned int i;
	int member;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		if (hook_may_sleep[i])
			continue;
		member = find_member(object, hook_names[i]);
		program = member < 0 ? NULL : object__program(object, member);
		if (!program || !object__may_sleep(program))
			continue;
		program_name = bpf_program__name(program);
		msg("%s: program %s may sleep, but hook %s must not; define it with "
		    "IOMMUFD_HOOK_NOSLEEP(%s, %s)",
		    object->file, program_name, hook_names[i], hook_names[i], program_name);
		return -ENOEXEC;
	}
	return 0;
}

/* Whether a name is that of a hook, perhaps of a newer header. */
static bool is_hook(const struct object *object, const char *name)
{
	const struct btf_type *type;
	int member = find_member(object, name);
	__s32 id;

	if (member < 0)
		return false;
	id = btf__resolve_type(object->btf, btf_members(object->type)[member].type);
	type = id < 0 ? NULL : btf__type_by_id(object->btf, id);
	return type && btf_is_ptr(type);
}

/*
 * The name that a program's section has behind the slash is the hook that its author wrote it for.
 * The kernel does not compare it with the member that the program is assigned to.
 */
static int check_section(const struct object *object, const char *hook,
			 const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);
	const char *slash = strchr(bpf_program__section_name(program), '/');

	if (!slash || !strcmp(slash + 1, hook))
		return 0;
	if (!is_hook(object, slash + 1))
		msg("%s: program %s is defined with IOMMUFD_HOOK(%s, %s), but there is no such "
		    "hook; it is assigned to .%s",
		    object->file, name, slash + 1, name, hook);
	else
		msg("%s: program %s is defined for hook %s, but assigned to .%s; write "
		    "IOMMUFD_HOOK(%s, %s), or .%s = (void *)%s",
		    object->file, name, slash + 1, hook, hook, name, slash + 1, name);
	return -ENOEXEC;
}

static int check_assignments(const struct object *object)
{
	struct bpf_program *program;
	unsigned int i, j;
	int err;

	for (i = 0; i < object__nr_members(object); i++) {
		program = object__program(object, i);
		if (!program)
			continue;
		for (j = 0; j < i; j++) {
			if (object__program(object, j) != program)
				continue;
			msg("%s: program %s is assigned to .%s and .%s, but a program belongs to "
			    "one hook; put what both share into a function",
			    object->file, bpf_program__name(program),
			    object__member_name(object, j), object__member_name(object, i));
			return -ENOEXEC;
		}
		err = check_section(object, object__member_name(object, i), program);
		if (err)
			return err;
	}
	return 0;
}

int object__check(const struct object *object)
{
	const struct policy_values *values = &object->values;
	int err;

	if (!policy_name__is_valid(values->name)) {
		msg("%s: '%s' is not a valid policy name; use 1 to %d letters, digits, '_', '-' "
		    "and '.', and do not begin with '.'; set .name, or give --name",
		    object->file, values->name, IOMMUFD_POLICY_NAME_LEN - 1);
		return -ENOEXEC;
	}
	if (values->version != IOMMUFD_POLICY_VERSION) {
		msg("%s: the policy has interface version %u, iopolicy supports version %u; %s",
		    object->file, values->version, IOMMUFD_POLICY_VERSION,
		    values->version ? "compile it with the header of this iommuscope" :
				      "set .version = IOMMUFD_POLICY_VERSION");
		return -ENOEXEC;
	}
	if (values->flags & IOMMUFD_POLICY_TRIAL) {
		msg("%s: the policy has the flag IOMMUFD_POLICY_TRIAL, so no call would ask it; "
		    "leave it out of .flags, iopolicy test sets it",
		    object->file);
		return -ENOEXEC;
	}
	if (!has_program(object)) {
		msg("%s: the policy has no hook, so it would decide nothing; define at least one",
		    object->file);
		return -ENOEXEC;
	}
	err = check_assignments(object);
	return err ? err : check_sleep(object);
}

static bool copy_license(const void *data, size_t size, void *license)
{
	snprintf(license, OBJECT_LICENSE_MAX, "%.*s", (int)size, (const char *)data);
	return true;
}

void object__license(const char *file, char license[OBJECT_LICENSE_MAX])
{
	if (!section__read(file, "license", copy_license, license))
		license[0] = '\0';
}
