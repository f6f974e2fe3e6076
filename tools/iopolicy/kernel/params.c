// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of a loaded policy: the constants of its programs, which the kernel has in a
 * frozen map, with the BTF that describes them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "kernel/kernel.h"

int loaded_params__read(struct loaded_params *params, int map_fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), zero = 0;
	int err;

	memset(params, 0, sizeof(*params));
	if (map_fd < 0)
		return 0;
	err = bpf_map_get_info_by_fd(map_fd, &info, &size);
	if (err || !info.btf_id || !info.btf_value_type_id)
		return err;
	params->data = calloc(1, info.value_size);
	if (!params->data)
		return -ENOMEM;
	err = bpf_map_lookup_elem(map_fd, &zero, params->data);
	if (err)
		return err;
	params->btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!params->btf)
		return -errno;
	return params__add(&params->params, params->btf, info.btf_value_type_id, params->data,
			   info.value_size);
}

void loaded_params__free(struct loaded_params *params)
{
	params__free(&params->params);
	btf__free(params->btf);
	free(params->data);
	memset(params, 0, sizeof(*params));
}
