// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tools read the BTF of the kernel and of a module once, and find the same types in it by a
 * hash as libbpf does by comparing all names.
 *
 * vm:
 * takes: 6
 */
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "../../tools/common/kernel_btf.h"
#include "../lib/tap.h"

/* libbpf compares each name with up to 100,000 others. */
#define STEP 1009

/* Count the types, every step-th from first on, for which the hash and libbpf differ. */
static unsigned int wrong(const struct btf *btf, __u32 first, __u32 step, unsigned int *compared)
{
	unsigned int differ = 0;
	const struct btf_type *type;
	const char *name;
	__u32 kind;

	for (__u32 id = first; id < btf__type_cnt(btf); id += step) {
		type = btf__type_by_id(btf, id);
		name = btf__name_by_offset(btf, type->name_off);
		kind = btf_kind(type);
		if (!*name)
			continue;
		++*compared;
		differ += btf__find_by_name_kind(btf, name, kind) !=
			  __real_btf__find_by_name_kind(btf, name, kind);
		/* A name that exists, of a kind that may not. */
		kind = kind == BTF_KIND_FUNC ? BTF_KIND_STRUCT : BTF_KIND_FUNC;
		differ += btf__find_by_name_kind(btf, name, kind) !=
			  __real_btf__find_by_name_kind(btf, name, kind);
	}
	return differ;
}

int main(void)
{
	struct btf *kernel, *module, *again;
	unsigned int compared = 0;

	tap__start();
	kernel = btf__load_vmlinux_btf();
	module = kernel ? kernel_btf__module("iommufd", kernel) : NULL;
	if (!tap__ok(kernel && module, "read the BTF of the kernel and the module"))
		return tap__done();
	again = btf__load_vmlinux_btf();
	tap__ok(again == kernel, "the kernel's is read once");
	tap__ok(kernel_btf__module("iommufd", again) == module, "and so is the module's");

	tap__is(wrong(kernel, 1, STEP, &compared), 0, "types of the kernel are found as by libbpf");
	tap__is(wrong(module, btf__type_cnt(kernel), 37, &compared), 0, "those of the module, too");
	tap__ok(compared > 50, "some were compared");
	tap__is(btf__find_by_name_kind(module, "task_struct", BTF_KIND_STRUCT),
		btf__find_by_name_kind(kernel, "task_struct", BTF_KIND_STRUCT),
		"a module's BTF includes the kernel's");
	tap__is(btf__find_by_name_kind(kernel, "iommufd_ctx", BTF_KIND_STRUCT), -ENOENT,
		"the kernel's does not include the module's");
	errno = 0;
	tap__is(btf__find_by_name_kind(module, "no such name", BTF_KIND_STRUCT), -ENOENT,
		"a name that does not exist");
	tap__is(errno, ENOENT, "sets errno");
	tap__is(btf__find_by_name_kind(module, "void", BTF_KIND_UNKN), 0, "void is type 0");
	tap__is(btf__find_by_name_kind(kernel, "", BTF_KIND_STRUCT),
		__real_btf__find_by_name_kind(kernel, "", BTF_KIND_STRUCT),
		"a struct without a name is found as by libbpf");
	errno = 0;
	tap__ok(!kernel_btf__module("no_such_module", kernel) && errno == ENOENT,
		"a module that does not exist");

	btf__free(module);
	btf__free(again);
	btf__free(kernel);
	kernel_btf__release();
	tap__ok(btf__find_by_name_kind(module, "iommufd_ctx", BTF_KIND_STRUCT) > 0,
		"what has a user left stays, with the kernel's that it is based on");
	btf__free(module);
	kernel_btf__release();
	kernel = btf__load_vmlinux_btf();
	tap__ok(kernel && btf__find_by_name_kind(kernel, "task_struct", BTF_KIND_STRUCT) > 0,
		"all is freed, and read again");
	btf__free(kernel);
	kernel_btf__release();
	return tap__done();
}
