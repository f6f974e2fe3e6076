// SPDX-License-Identifier: GPL-2.0-only
/*
 * See module_btf.h. libbpf walks the BTF of the kernel with bpf_btf_get_next_id(). The linker lets
 * its calls come here (--wrap), and this passes over the modules that are not needed. With a shared
 * libbpf it has no effect, and loading takes longer.
 */
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "module_btf.h"

#define NAME_SIZE 64 /* MODULE_NAME_LEN, 64 - sizeof(long), fits */

static bool see_all;

void module_btf__see_all(bool all)
{
	see_all = all;
}

/* The modules whose functions and structs the programs of the tools use. */
static bool is_ours(const char *name)
{
	static const char *const names[] = { "iommufd", "vfio", "vfio_iommu_type1" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Whether libbpf may need it. If it cannot be read, libbpf tries, and reports the error. */
static bool is_needed(__u32 id)
{
	struct bpf_btf_info info = {};
	__u32 size = sizeof(info);
	char name[NAME_SIZE] = "";
	int fd, err;

	fd = bpf_btf_get_fd_by_id(id);
	if (fd < 0)
		return true;
	info.name = (__u64)(unsigned long)name;
	info.name_len = sizeof(name);
	err = bpf_btf_get_info_by_fd(fd, &info, &size);
	close(fd);
	if (err)
		return true;
	return info.kernel_btf && is_ours(name);
}

int __wrap_bpf_btf_get_next_id(__u32 start_id, __u32 *next_id)
{
	int err;

	do {
		err = __real_bpf_btf_get_next_id(start_id, next_id);
		start_id = *next_id;
	} while (!err && !see_all && !is_needed(start_id));
	return err;
}
