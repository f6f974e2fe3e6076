// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the layout of policies in the module's BTF, see layout.h.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <bpf/btf.h>

#include "kernel/kernel.h"
#include "kernel/layout.h"
#include "kernel_btf.h"

#define OPS_TYPE "iommufd_policy_ops"
#define VALUE_TYPE "bpf_struct_ops_" OPS_TYPE

static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *type,
					    const char *name)
{
	unsigned int i;

	for (i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return &btf_members(type)[i];
	return NULL;
}

/* The BTF of the module, kept for the next policy. NULL with errno set if it cannot be read. */
static const struct btf *module_btf(void)
{
	static struct btf *vmlinux, *module;

	if (!vmlinux)
		vmlinux = btf__load_vmlinux_btf();
	if (vmlinux && !module)
		module = kernel_btf__module(MODULE, vmlinux);
	return module;
}

int layout__find(struct layout *layout)
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

const struct btf_member *layout__member(const struct layout *layout, const char *name)
{
	return find_member(layout->btf, layout->ops, name);
}
