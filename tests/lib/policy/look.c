// SPDX-License-Identifier: GPL-2.0-only
/* See look.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "look.h"

#define LOOK_OBJECT "build/tests/look.bpf.o"

/* The same struct as in the BPF program. */
struct args {
	__u32 ctx, id, uid, nr;
	__u64 iova, pinned[4];
};

static const void *records(struct look *look, const char *name, size_t size, unsigned int max)
{
	int fd = bpf_object__find_map_fd_by_name(look->obj, name);
	void *at = mmap(NULL, size * max, PROT_READ, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* The global variable of the program. */
static const void *globals(struct look *look)
{
	struct bpf_map *map = NULL;
	void *at;

	bpf_object__for_each_map(map, look->obj) {
		if (!strstr(bpf_map__name(map), ".bss"))
			continue;
		at = mmap(NULL, LOOK_MANY, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
		return at == MAP_FAILED ? NULL : at;
	}
	return NULL;
}

int look__open(struct look *look)
{
	int ret;

	look->obj = bpf_object__open_file(LOOK_OBJECT, NULL);
	if (!look->obj)
		return -errno;
	ret = bpf_object__load(look->obj);
	if (ret)
		goto err_close;
	look->ctxs = records(look, "ctxs", sizeof(*look->ctxs), LOOK_MAX);
	look->payers = records(look, "payers", sizeof(*look->payers), LOOK_MAX);
	look->objects = records(look, "objects", sizeof(*look->objects), LOOK_MAX);
	look->areas = records(look, "areas", sizeof(*look->areas), LOOK_MAX);
	look->counts = records(look, "counts", sizeof(*look->counts), 1);
	look->many = globals(look);
	if (look->ctxs && look->payers && look->objects && look->areas && look->counts &&
	    look->many)
		return 0;
	ret = -ENOMEM;
err_close:
	bpf_object__close(look->obj);
	return ret;
}

void look__close(struct look *look)
{
	munmap((void *)look->ctxs, sizeof(*look->ctxs) * LOOK_MAX);
	munmap((void *)look->payers, sizeof(*look->payers) * LOOK_MAX);
	munmap((void *)look->objects, sizeof(*look->objects) * LOOK_MAX);
	munmap((void *)look->areas, sizeof(*look->areas) * LOOK_MAX);
	munmap((void *)look->many, LOOK_MANY);
	munmap((void *)look->counts, sizeof(*look->counts));
	bpf_object__close(look->obj);
}

static int run(struct look *look, const char *prog, struct args *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(*args));

	return bpf_prog_test_run_opts(
		bpf_program__fd(bpf_object__find_program_by_name(look->obj, prog)), &opts);
}

int look__ctxs(struct look *look)
{
	struct args args = {};
	int ret = run(look, "list_ctxs", &args);

	return ret ? ret : (int)args.nr;
}

int look__payers(struct look *look, __u32 ctx)
{
	struct args args = { .ctx = ctx };
	int ret = run(look, "list_payers", &args);

	return ret ? ret : (int)args.nr;
}

int look__objects(struct look *look, __u32 ctx, __u32 type)
{
	struct args args = { .ctx = ctx, .id = type };
	int ret = run(look, "list_objects", &args);

	return ret ? ret : (int)args.nr;
}

int look__areas(struct look *look, __u32 ctx, __u32 ioas, __u64 iova)
{
	struct args args = { .ctx = ctx, .id = ioas, .iova = iova };
	int ret = run(look, "list_areas", &args);

	return ret ? ret : (int)args.nr;
}

int look__many(struct look *look, struct look_many *many)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = many, .ctx_size_in = sizeof(*many));
	int ret;

	ret = bpf_prog_test_run_opts(
		bpf_program__fd(bpf_object__find_program_by_name(look->obj, "list_many")), &opts);
	return ret ? ret : many->ret;
}

int look__counts(struct look *look, __u32 ctx)
{
	struct args args = { .ctx = ctx };
	int ret = run(look, "count_ctx", &args);

	return ret ? ret : -(int)args.nr;
}

static __u64 total(struct look *look, struct args args, int which)
{
	return run(look, "totals", &args) ? UINT64_MAX : args.pinned[which];
}

__u64 look__ctx(struct look *look, __u32 ctx)
{
	return total(look, (struct args){ .ctx = ctx }, 0);
}

__u64 look__process(struct look *look, __u32 tgid)
{
	return total(look, (struct args){ .id = tgid }, 1);
}

__u64 look__uid(struct look *look, __u32 uid)
{
	return total(look, (struct args){ .uid = uid }, 2);
}

__u64 look__cgroup(struct look *look, __u64 cgroup)
{
	return total(look, (struct args){ .iova = cgroup }, 3);
}
