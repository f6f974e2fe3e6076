// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file with a policy in it: what it has, whether it is one, changes before it is loaded.
 *
 * Members of the struct are found by their names in the BTF of the file, never by an offset built
 * in here: the file may have been compiled with another version of the header. libbpf keeps the
 * value of the struct in a buffer in which pointers to functions are pointers to its programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gelf.h>

#include "errname.h"
#include "iopolicy.h"
#include "param.h"
#include "msg.h"

#define TYPE_NAME "iommufd_policy_ops"
#define SLEEPABLE "struct_ops.s"

bool policy__is_good_name(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-.";
	size_t length = strlen(name);

	/* As the driver has it; "." and ".." would be bad folders, too. */
	return length && length < IOMMUFD_POLICY_NAME_LEN && strspn(name, good) == length &&
	       name[0] != '.';
}

/* Reasons that libbpf gives in other words, or not at all. */
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
		msg("%s: cannot be read (%s)", file, errname(-err, name));
		return err == -EPERM || err == -EINVAL ? -EACCES : err;
	}
	if (!S_ISREG(stat.st_mode)) {
		msg("%s: not a file", file);
		return -ENOEXEC;
	}
	return 0;
}

static int explain_open(const char *file, int err)
{
	char name[ERRNAME_MAX];

	if (*msg__libbpf_warning_with("BTF is required"))
		msg("%s: it has no BTF; compile it with -g", file);
	else if (err == -LIBBPF_ERRNO__FORMAT || *msg__libbpf_warning_with("elf:"))
		msg("%s: no BPF object file; a policy is compiled with clang --target=bpf -c",
		    file);
	else
		msg("%s: no BPF object that libbpf takes (%s)\n  libbpf says: %s", file,
		    errname(-err, name), msg__libbpf_warning());
	return err == -ENOMEM ? err : -ENOEXEC;
}

static bool is_policy_type(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;
	size_t length = strlen(TYPE_NAME);

	/* "___x" after a name is a variant of the same type. */
	return name && btf_is_struct(type) && !strncmp(name, TYPE_NAME, length) &&
	       (!name[length] || !strncmp(name + length, "___", 3));
}

static int find_ops(struct policy *policy)
{
	struct bpf_map *map, *other = NULL;

	bpf_object__for_each_map(map, policy->object) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (!is_policy_type(policy->btf, bpf_map__btf_value_type_id(map))) {
			other = map;
			continue;
		}
		if (policy->ops) {
			msg("%s: more than one policy in it, %s and %s; put each in a file of its "
			    "own",
			    policy->file, bpf_map__name(policy->ops), bpf_map__name(map));
			return -ENOEXEC;
		}
		policy->ops = map;
	}
	if (!policy->ops) {
		msg("%s: no policy in it: there is no struct " TYPE_NAME " in a section "
		    ".struct_ops.link\n  write IOMMUFD_POLICY(name) = { ... }, see "
		    "iommufd_policy.bpf.h",
		    policy->file);
		return -ENOEXEC;
	}
	if (other) {
		msg("%s: besides the policy there is a struct_ops map of another type in it, %s; "
		    "leave it out",
		    policy->file, bpf_map__name(other));
		return -ENOEXEC;
	}
	if (!(bpf_map__map_flags(policy->ops) & BPF_F_LINK)) {
		msg("%s: %s is in the section .struct_ops; it has to be in .struct_ops.link, as "
		    "IOMMUFD_POLICY() puts it",
		    policy->file, bpf_map__name(policy->ops));
		return -ENOEXEC;
	}
	policy->type = btf__type_by_id(policy->btf, bpf_map__btf_value_type_id(policy->ops));
	return 0;
}

static const char *member_name(const struct policy *policy, unsigned int member)
{
	return btf__name_by_offset(policy->btf, btf_members(policy->type)[member].name_off);
}

int policy__member(const struct policy *policy, const char *name)
{
	int i;

	for (i = 0; i < btf_vlen(policy->type); i++)
		if (!strcmp(member_name(policy, i), name))
			return i;
	return -1;
}

void *policy__data(const struct policy *policy, unsigned int member, __s64 *size)
{
	__u32 offset = btf_member_bit_offset(policy->type, member) / 8;
	size_t room;
	char *data = bpf_map__initial_value(policy->ops, &room);

	*size = btf__resolve_size(policy->btf, btf_members(policy->type)[member].type);
	return data + offset;
}

struct bpf_program *policy__program(const struct policy *policy, unsigned int member)
{
	const struct btf_type *type;
	__s64 size;
	__s32 id;

	id = btf__resolve_type(policy->btf, btf_members(policy->type)[member].type);
	type = id < 0 ? NULL : btf__type_by_id(policy->btf, id);
	if (!type || !btf_is_ptr(type))
		return NULL;
	return *(struct bpf_program **)policy__data(policy, member, &size);
}

/* libbpf tells of the flag when a program is loaded only; it follows from its section. */
bool policy__program_sleeps(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return !strncmp(section, SLEEPABLE, strlen(SLEEPABLE));
}

static bool is_used(const struct policy *policy, const struct bpf_program *program)
{
	unsigned int i;

	for (i = 0; i < btf_vlen(policy->type); i++)
		if (policy__program(policy, i) == program)
			return true;
	return false;
}

static int check_programs(const struct policy *policy)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, policy->object) {
		if (bpf_program__type(program) != BPF_PROG_TYPE_STRUCT_OPS) {
			msg("%s: %s (section %s) is no hook of a policy; a policy's file holds "
			    "nothing else",
			    policy->file, bpf_program__name(program),
			    bpf_program__section_name(program));
			return -ENOEXEC;
		}
		if (!is_used(policy, program)) {
			msg("%s: %s is a hook that no member of the policy names; add it to %s: "
			    ".HOOK = (void *)%s",
			    policy->file, bpf_program__name(program), bpf_map__name(policy->ops),
			    bpf_program__name(program));
			return -ENOEXEC;
		}
	}
	return 0;
}

/* Copies a member, which has this size. */
static void read_member(const struct policy *policy, const char *name, void *value, size_t size)
{
	int member = policy__member(policy, name);
	__s64 has;
	void *data;

	memset(value, 0, size);
	if (member < 0)
		return;
	data = policy__data(policy, member, &has);
	if (has == (__s64)size)
		memcpy(value, data, size);
}

static void read_policy(struct policy *policy)
{
	int i, member;

	read_member(policy, "name", policy->name, IOMMUFD_POLICY_NAME_LEN);
	policy->name[IOMMUFD_POLICY_NAME_LEN] = '\0';
	read_member(policy, "cgroup", &policy->cgroup, sizeof(policy->cgroup));
	read_member(policy, "priority", &policy->priority, sizeof(policy->priority));
	read_member(policy, "flags", &policy->flags, sizeof(policy->flags));
	read_member(policy, "version", &policy->version, sizeof(policy->version));
	policy->hooks = 0;
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		member = policy__member(policy, hook_names[i]);
		if (member >= 0 && policy__program(policy, member))
			policy->hooks |= 1u << i;
	}
}

int policy__open(struct policy *policy, const char *file)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	int err;

	memset(policy, 0, sizeof(*policy));
	policy->file = file;
	err = check_file(file);
	if (err)
		return err;
	policy->log = calloc(1, POLICY_LOG_SIZE);
	if (!policy->log) {
		msg("%s: no memory for the verifier's log", file);
		return -ENOMEM;
	}
	opts.kernel_log_buf = policy->log;
	opts.kernel_log_size = POLICY_LOG_SIZE;
	policy->object = bpf_object__open_file(file, &opts);
	if (!policy->object)
		return explain_open(file, -errno);
	policy->btf = bpf_object__btf(policy->object);
	if (!policy->btf) {
		msg("%s: it has no BTF; compile it with -g", file);
		return -ENOEXEC;
	}
	err = find_ops(policy);
	if (err)
		return err;
	read_policy(policy);
	return check_programs(policy);
}

void policy__close(struct policy *policy)
{
	bpf_object__close(policy->object);
	free(policy->log);
}

/* Changes a member, which must be there and have this size. */
static int write_member(struct policy *policy, const char *name, const void *value, size_t size)
{
	int member = policy__member(policy, name);
	__s64 has = 0;
	void *data = member < 0 ? NULL : policy__data(policy, member, &has);

	if (!data || has != (__s64)size) {
		msg("%s: its struct " TYPE_NAME " has no member %s of %zu bytes; compile it with "
		    "iommuscope's iommufd_policy.bpf.h",
		    policy->file, name, size);
		return -ENOEXEC;
	}
	memcpy(data, value, size);
	return 0;
}

int policy__params(const struct policy *policy, struct params *params)
{
	struct bpf_map *map;
	size_t size;
	void *data;
	int err;

	memset(params, 0, sizeof(*params));
	bpf_object__for_each_map(map, policy->object) {
		const char *name = bpf_map__name(map), *dot = strstr(name, ".rodata");

		/* The name of the section, or libbpf's, which has the object's before it. */
		if (!bpf_map__is_internal(map) || !dot || strcmp(dot, ".rodata"))
			continue;
		data = bpf_map__initial_value(map, &size);
		if (!data || !bpf_map__btf_value_type_id(map))
			continue;
		err = params__add(params, policy->btf, bpf_map__btf_value_type_id(map), data, size);
		if (err) {
			msg("%s: the BTF of its constants is broken", policy->file);
			params__free(params);
			return -ENOEXEC;
		}
	}
	return 0;
}

static int set_params(struct policy *policy, const struct options *options)
{
	char why[PARAM_WHY_MAX];
	struct params params;
	unsigned int i;
	int err;

	err = policy__params(policy, &params);
	for (i = 0; i < options->nr_sets && !err; i++) {
		err = params__set(&params, options->sets[i], why);
		if (err)
			msg("--set: %s", why);
	}
	params__free(&params);
	return err;
}

int policy__configure(struct policy *policy, const struct options *options)
{
	char name[IOMMUFD_POLICY_NAME_LEN] = {};
	__u32 flags = policy->flags | IOMMUFD_POLICY_AUDIT;
	int err;

	err = set_params(policy, options);
	if (!err && options->name) {
		strcpy(name, options->name);
		err = write_member(policy, "name", name, sizeof(name));
	}
	if (!err && options->has_priority)
		err = write_member(policy, "priority", &options->priority,
				   sizeof(options->priority));
	if (!err && options->has_cgroup)
		err = write_member(policy, "cgroup", &options->cgroup, sizeof(options->cgroup));
	if (!err && options->audit)
		err = write_member(policy, "flags", &flags, sizeof(flags));
	read_policy(policy);
	return err;
}

/* A newer header may have hooks that are not known here. */
static bool has_program(const struct policy *policy)
{
	unsigned int i;

	for (i = 0; i < btf_vlen(policy->type); i++)
		if (policy__program(policy, i))
			return true;
	return false;
}

int policy__check(const struct policy *policy)
{
	int fault = policy__member(policy, hook_names[IOMMUFD_HOOK_FAULT]);
	struct bpf_program *program = fault < 0 ? NULL : policy__program(policy, fault);

	if (!policy__is_good_name(policy->name)) {
		msg("%s: '%s' is no name of a policy; it has 1 to %d letters, digits, '_', '-' and "
		    "'.', and no '.' first; set .name, or give --name",
		    policy->file, policy->name, IOMMUFD_POLICY_NAME_LEN - 1);
		return -ENOEXEC;
	}
	if (policy->version != IOMMUFD_POLICY_VERSION) {
		msg("%s: it is for version %u of the interface, this iopolicy for version %u; %s",
		    policy->file, policy->version, IOMMUFD_POLICY_VERSION,
		    policy->version ? "compile it with the header of this iommuscope" :
				      "set .version = IOMMUFD_POLICY_VERSION");
		return -ENOEXEC;
	}
	if (!has_program(policy)) {
		msg("%s: it has no hook, so it would decide on nothing", policy->file);
		return -ENOEXEC;
	}
	if (program && policy__program_sleeps(program)) {
		msg("%s: its hook fault (%s) may sleep, where nobody may; write "
		    "IOMMUFD_HOOK_NOSLEEP(fault, %s)",
		    policy->file, bpf_program__name(program), bpf_program__name(program));
		return -ENOEXEC;
	}
	return 0;
}

int policy__license(const char *file, char license[POLICY_LICENSE_MAX])
{
	Elf_Scn *section = NULL;
	int fd, err = -ENOENT;
	size_t names;
	Elf *elf;

	license[0] = '\0';
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_getshdrstrndx(elf, &names))
		goto close;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		data = elf_getdata(section, NULL);
		if (!name || strcmp(name, "license") || !data || !data->d_buf)
			continue;
		snprintf(license, POLICY_LICENSE_MAX, "%.*s", (int)data->d_size,
			 (const char *)data->d_buf);
		err = 0;
		break;
	}
close:
	elf_end(elf);
	close(fd);
	return err;
}
