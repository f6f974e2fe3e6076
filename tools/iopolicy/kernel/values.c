// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the struct_ops map of a loaded policy: its values, and the ids of its programs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "errname.h"
#include "kernel/kernel.h"
#include "kernel/layout.h"
#include "msg.h"

/* Read the value of the map; free() it. */
static int read_value(struct layout *layout, int map_fd, char **value)
{
	__u32 zero = 0;
	int err;

	*value = NULL;
	err = layout__find(layout);
	if (err)
		return err;
	*value = calloc(1, layout->size);
	return *value ? bpf_map_lookup_elem(map_fd, &zero, *value) : -ENOMEM;
}

/* Copy a member of the kernel's struct if it has this size. */
static void take_member(const struct layout *layout, const char *data, const char *name, void *to,
			size_t size)
{
	const struct btf_member *member = layout__member(layout, name);

	if (member && btf__resolve_size(layout->btf, member->type) == (__s64)size &&
	    member->offset / 8 + size <= layout->ops->size)
		memcpy(to, data + member->offset / 8, size);
}

int load__values(int map_fd, struct policy_values *values)
{
	struct layout layout;
	char name[ERRNAME_MAX], *value;
	const char *data;
	int err;

	memset(values, 0, sizeof(*values));
	err = read_value(&layout, map_fd, &value);
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

/* Where user space gave the file descriptor of a program, the kernel's value has its id. */
int load__programs(int map_fd, __u32 ids[LOAD_PROGRAMS_MAX], unsigned int *nr)
{
	const struct btf_member *member;
	struct layout layout;
	unsigned long id;
	unsigned int i;
	char *value;
	int err;

	*nr = 0;
	err = read_value(&layout, map_fd, &value);
	for (i = 0; !err && i < btf_vlen(layout.ops); i++) {
		member = &btf_members(layout.ops)[i];
		if (!btf_is_ptr(btf__type_by_id(layout.btf, member->type)) ||
		    member->offset / 8 + sizeof(id) > layout.ops->size)
			continue;
		memcpy(&id, value + layout.data_offset + member->offset / 8, sizeof(id));
		if (id && *nr < LOAD_PROGRAMS_MAX)
			ids[(*nr)++] = id;
	}
	free(value);
	return err;
}
