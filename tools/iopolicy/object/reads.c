// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the inputs of a policy's programs, see reads.h.
 *
 * libbpf adjusts each access to a member of the request to the running kernel. The compiler lists
 * these accesses in the section .BTF.ext, and libbpf has no function that returns them. A program
 * has a section of its own, named after its hook; functions that several programs call are in
 * .text, so what they read counts for all hooks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "hook.h"
#include "object/reads.h"
#include "object/section.h"
#include "words.h"

#define REQUEST "iommufd_policy_request"
#define BTF_EXT_MAGIC 0xeb9f

/* The begin of the section .BTF.ext. Offsets are from the end of the header. */
struct ext_header {
	__u16 magic;
	__u8 version;
	__u8 flags;
	__u32 size;
	__u32 other[4];
	__u32 relos_at;
	__u32 relos_size;
};

/* Relocations of one section of the file, with its name. */
struct ext_section {
	__u32 name;
	__u32 nr;
};

/* Bits of the hooks whose programs may run code of this section of the file. */
static __u32 hooks_of(const char *section)
{
	const char *slash = strchr(section, '/');
	unsigned int i;

	if (!slash)
		return (1u << IOMMUFD_HOOKS) - 1;
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (!strcmp(slash + 1, hook_names[i]))
			return 1u << i;
	return 0;
}

static void add_member(struct object_reads *reads, __u32 hooks, enum request_member member)
{
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (hooks >> i & 1)
			reads->members[i] |= 1ull << member;
}

/* An access is written as the numbers of members, from the struct inwards: "0:3". */
static void add_relo(struct object_reads *reads, const struct btf *btf, __u32 hooks,
		     const struct bpf_core_relo *relo)
{
	const struct btf_type *type = btf__type_by_id(btf, relo->type_id);
	const char *access = btf__str_by_offset(btf, relo->access_str_off), *name;
	unsigned int number, i;

	if (relo->kind != BPF_CORE_FIELD_BYTE_OFFSET || !type || !btf_is_struct(type) || !access ||
	    sscanf(access, "%*u:%u", &number) != 1 || number >= btf_vlen(type))
		return;
	name = btf__str_by_offset(btf, type->name_off);
	if (!name || strncmp(name, REQUEST, strlen(REQUEST)))
		return;
	name = btf__str_by_offset(btf, btf_members(type)[number].name_off);
	for (i = 0; name && i < NR_REQUEST_MEMBERS; i++)
		if (!strcmp(name, request_member__name(i)))
			add_member(reads, hooks, i);
}

struct reader {
	struct object_reads *reads;
	const struct btf *btf;
};

/* Go through the relocations. Return false if the section is damaged. */
static bool read_relos(const void *data, size_t size, void *arg)
{
	const struct reader *reader = arg;
	const struct btf *btf = reader->btf;
	struct ext_section section;
	struct bpf_core_relo relo;
	struct ext_header header;
	const char *at, *end, *name;
	__u32 step;

	if (size < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	if (header.magic != BTF_EXT_MAGIC || header.size < sizeof(header) || header.size > size ||
	    header.relos_at > size - header.size ||
	    header.relos_size > size - header.size - header.relos_at ||
	    header.relos_size < sizeof(step))
		return false;
	at = (const char *)data + header.size + header.relos_at;
	end = at + header.relos_size;
	memcpy(&step, at, sizeof(step));
	at += sizeof(step);
	if (step < sizeof(relo))
		return false;
	while ((size_t)(end - at) >= sizeof(section)) {
		memcpy(&section, at, sizeof(section));
		at += sizeof(section);
		name = btf__str_by_offset(btf, section.name);
		if (!name || section.nr > (size_t)(end - at) / step)
			return false;
		for (; section.nr; section.nr--, at += step) {
			memcpy(&relo, at, sizeof(relo));
			add_relo(reader->reads, btf, hooks_of(name), &relo);
		}
	}
	return true;
}

static void look_at_call(struct object_reads *reads, __s32 helper)
{
	switch (helper) {
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_coarse_ns:
	case BPF_FUNC_ktime_get_tai_ns:
	case BPF_FUNC_jiffies64:
		reads->clock = true;
		break;
	case BPF_FUNC_get_current_pid_tgid:
	case BPF_FUNC_get_current_uid_gid:
	case BPF_FUNC_get_current_task:
	case BPF_FUNC_get_current_task_btf:
	case BPF_FUNC_get_current_cgroup_id:
	case BPF_FUNC_get_current_ancestor_cgroup_id:
		reads->process = true;
		break;
	}
}

/* A call of a helper has its number, and no source register. */
static void look_at_programs(struct object_reads *reads, const struct object *object)
{
	const struct bpf_insn *insns;
	struct bpf_program *program;
	size_t i, nr;

	bpf_object__for_each_program(program, object->bpf) {
		insns = bpf_program__insns(program);
		nr = bpf_program__insn_cnt(program);
		for (i = 0; i < nr; i++)
			if (insns[i].code == (BPF_JMP | BPF_CALL) && !insns[i].src_reg)
				look_at_call(reads, insns[i].imm);
	}
}

/* Functions of the driver that answer for its state, by the begin of their names. */
static bool is_about_state(const char *name)
{
	static const char *const begins[] = {
		"iommufd_pinned_",	"iommufd_list_areas", "iommufd_ctx_counts",
		"iommufd_usable_range", "bpf_iter_iommufd_",
	};
	size_t length = strlen(name), i;

	/* An iterator has three functions. */
	if (!strncmp(name, "bpf_iter_", 9) && (length < 4 || strcmp(name + length - 4, "_new")))
		return false;
	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* The BTF of the file has the functions of the driver that its programs call. */
static void look_at_functions(struct object_reads *reads, const struct object *object)
{
	struct words words = { .text = reads->driver, .size = sizeof(reads->driver) };
	const struct btf_type *type;
	const char *name;
	__u32 id;

	for (id = 1; id < btf__type_cnt(object->btf); id++) {
		type = btf__type_by_id(object->btf, id);
		name = btf_is_func(type) ? btf__str_by_offset(object->btf, type->name_off) : NULL;
		if (!name)
			continue;
		if (!strcmp(name, "iommufd_policy_ancestor"))
			add_member(reads, (1u << IOMMUFD_HOOKS) - 1, REQUEST_cgroup);
		if (is_about_state(name))
			words__add(&words, "%s%s", words.length ? ", " : "", name);
	}
}

void object__find_reads(const struct object *object, struct object_reads *reads)
{
	struct reader reader = { .reads = reads, .btf = object->btf };
	struct bpf_program *program;
	unsigned int i;

	memset(reads, 0, sizeof(*reads));
	/* object__check() has compared the sections with the members. */
	bpf_object__for_each_program(program, object->bpf)
		reads->hooks |= hooks_of(bpf_program__section_name(program));
	if (!section__read(object->file, ".BTF.ext", read_relos, &reader))
		for (i = 0; i < IOMMUFD_HOOKS; i++)
			reads->members[i] = ~0ull;
	look_at_functions(reads, object);
	look_at_programs(reads, object);
}
