// SPDX-License-Identifier: GPL-2.0-only
/* See load.h. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "load.h"

#define INFO_OBJECT "build/tests/policy-info.bpf.o"

static int store(void *at, size_t size, unsigned long long val)
{
	if (size > sizeof(val))
		return -EINVAL;
	memcpy(at, &val, size); /* little endian */
	return 0;
}

static int set_param(struct policy *p, const char *name, unsigned long long val)
{
	const struct btf *btf = bpf_object__btf(p->obj);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *sec = btf__type_by_id(btf, id);
	struct bpf_map *map = NULL;
	size_t size;
	char *data;

	do {
		map = bpf_object__next_map(p->obj, map);
		if (!map)
			return -ENOENT;
	} while (!strstr(bpf_map__name(map), ".rodata"));
	data = bpf_map__initial_value(map, &size);
	if (id < 0 || !data)
		return -ENOENT;
	for (int i = 0; i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *var = btf_var_secinfos(sec) + i;
		const struct btf_type *t = btf__type_by_id(btf, var->type);

		if (!strcmp(btf__name_by_offset(btf, t->name_off), name))
			return store(data + var->offset, var->size, val);
	}
	return -ENOENT;
}

/* Set a member to a number, or to a text if it is an array. */
static int set_member(struct policy *p, const char *name, const char *val)
{
	const struct btf *btf = bpf_object__btf(p->obj);
	int id = btf__find_by_name_kind(btf, "iommufd_policy_ops", BTF_KIND_STRUCT);
	const struct btf_type *ops = btf__type_by_id(btf, id);
	size_t size;
	char *data = bpf_map__initial_value(p->ops, &size);

	if (id < 0 || !data)
		return -ENOENT;
	for (int i = 0; i < btf_vlen(ops); i++) {
		const struct btf_member *m = btf_members(ops) + i;

		if (strcmp(btf__name_by_offset(btf, m->name_off), name))
			continue;
		size = btf__resolve_size(btf, m->type);
		if (!btf_is_array(btf__type_by_id(btf, m->type)))
			return store(data + m->offset / 8, size, strtoull(val, NULL, 0));
		/* Copy an overlong text without the 0 at its end. */
		memset(data + m->offset / 8, 0, size);
		memcpy(data + m->offset / 8, val, strnlen(val, size));
		return 0;
	}
	return -ENOENT;
}

static int set_all(struct policy *p, const char *settings)
{
	char *copy = strdup(settings), *save, *word;
	int ret = copy ? 0 : -ENOMEM;

	for (word = strtok_r(copy, " ", &save); word && !ret; word = strtok_r(NULL, " ", &save)) {
		char *val = strchr(word, '=');

		if (!val) {
			ret = -EINVAL;
			break;
		}
		*val++ = '\0';
		ret = *word == '@' ? set_member(p, word + 1, val) :
				     set_param(p, word, strtoull(val, NULL, 0));
		if (ret)
			fprintf(stderr, "cannot set %s\n", word);
	}
	free(copy);
	return ret;
}

static int open_object(struct policy *p, const char *path, const char *settings)
{
	struct bpf_map *map;

	p->obj = bpf_object__open_file(path, NULL);
	if (!p->obj)
		return -errno;
	bpf_object__for_each_map(map, p->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			p->ops = map;
	if (!p->ops)
		return -ENOENT;
	return set_all(p, settings);
}

int policy__open(struct policy *p, const char *path, const char *settings)
{
	int ret;

	*p = (struct policy){};
	ret = open_object(p, path, settings);
	if (ret)
		policy__unload(p);
	return ret;
}

int policy__attach(struct policy *p)
{
	int ret = bpf_object__load(p->obj);

	if (!ret) {
		p->link = bpf_map__attach_struct_ops(p->ops);
		ret = p->link ? 0 : -errno;
	}
	if (ret)
		policy__unload(p);
	return ret;
}

int policy__load(struct policy *p, const char *path, const char *settings)
{
	int ret = policy__open(p, path, settings);

	return ret ? ret : policy__attach(p);
}

bool policy__start(struct policy *p, const char *name, const char *settings)
{
	char path[128];

	tap__diag("%s %s", name, settings);
	snprintf(path, sizeof(path), "build/policies/%s.bpf.o", name);
	return tap__err(policy__load(p, path, settings), 0, "%s: loaded", name);
}

void policy__unload(struct policy *p)
{
	bpf_link__destroy(p->link);
	bpf_object__close(p->obj);
	*p = (struct policy){};
}

int policy__set(struct policy *p, const char *name, const void *key, const void *val)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, name);

	if (!map)
		return -ENOENT;
	if (!val)
		return bpf_map__delete_elem(map, key, bpf_map__key_size(map), 0);
	return bpf_map__update_elem(map, key, bpf_map__key_size(map), val, bpf_map__value_size(map),
				    BPF_ANY);
}

int policy__get(struct policy *p, const char *name, const void *key, void *val)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, name);

	if (!map)
		return -ENOENT;
	return bpf_map__lookup_elem(map, key, bpf_map__key_size(map), val, bpf_map__value_size(map),
				    0);
}

/* The object stays loaded, because it is used often. */
int policy__infos(struct iommufd_policy_info infos[POLICY_INFOS])
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	static struct bpf_object *obj;
	struct bpf_map *map;
	__u32 nr, zero = 0;
	int ret = 0;

	if (!obj) {
		obj = bpf_object__open_file(INFO_OBJECT, NULL);
		if (!obj)
			return -errno;
		ret = bpf_object__load(obj);
		if (ret)
			return ret;
	}
	ret = bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(obj, "list")),
				     &opts);
	if (ret)
		return ret;
	map = bpf_object__next_map(obj, NULL);
	while (map && !strstr(bpf_map__name(map), ".bss"))
		map = bpf_object__next_map(obj, map);
	if (!map)
		return -ENOENT;
	ret = bpf_map__lookup_elem(map, &zero, sizeof(zero), &nr, bpf_map__value_size(map), 0);
	if (ret)
		return ret;
	map = bpf_object__find_map_by_name(obj, "infos");
	for (__u32 i = 0; i < nr && !ret; i++)
		ret = bpf_map__lookup_elem(map, &i, sizeof(i), infos + i, sizeof(*infos), 0);
	return ret ? ret : (int)nr;
}

int policy__info(const char *name, struct iommufd_policy_info *info)
{
	struct iommufd_policy_info infos[POLICY_INFOS];
	int n = policy__infos(infos);

	for (int i = 0; i < n; i++) {
		if (!strcmp(infos[i].name, name)) {
			*info = infos[i];
			return 0;
		}
	}
	return n < 0 ? n : -ENOENT;
}

int policy__count(void)
{
	struct iommufd_policy_info infos[POLICY_INFOS];

	return policy__infos(infos);
}

bool policy__refused(const char *name, enum iommufd_policy_hook hook, int ret, const char *reason)
{
	struct iommufd_policy_info info = {};
	int err = policy__info(name, &info);
	bool ok = !err && info.last_hook == hook && info.last_ret == ret &&
		  !strcmp(info.reason, reason);

	if (!ok)
		tap__diag("err %d hook %u ret %d reason '%s'", err, info.last_hook, info.last_ret,
			  info.reason);
	return tap__ok(ok, "%s: the reason is '%s'", name, reason);
}
