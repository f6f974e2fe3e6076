// SPDX-License-Identifier: GPL-2.0-only
/* See refusals.h. The object stays loaded, because it is used often. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "refusals.h"

#define OBJECT "build/tests/refusals.bpf.o"

static int run(struct bpf_program *list, __u32 *nr)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = nr, .ctx_size_in = sizeof(*nr));

	return bpf_prog_test_run_opts(bpf_program__fd(list), &opts);
}

int refusals__read(struct iommufd_refusal_info infos[IOMMUFD_REFUSALS])
{
	static struct bpf_object *obj;
	struct bpf_program *list;
	struct bpf_map *map;
	__u32 nr = 0;
	int ret = 0;

	if (!obj) {
		obj = bpf_object__open_file(OBJECT, NULL);
		if (!obj)
			return -errno;
		ret = bpf_object__load(obj);
	}
	list = bpf_object__find_program_by_name(obj, "list");
	map = bpf_object__find_map_by_name(obj, "refusals");
	if (!ret)
		ret = list && map ? run(list, &nr) : -ENOENT;
	if (!ret && nr > IOMMUFD_REFUSALS)
		ret = -EOVERFLOW;
	for (__u32 i = 0; i < nr && !ret; i++)
		ret = bpf_map__lookup_elem(map, &i, sizeof(i), infos + i, sizeof(*infos), 0);
	return ret ? ret : (int)nr;
}
