// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that pass the driver's functions a pointer that these cannot use: one which may be NULL,
 * such as the result of a look-up in a map that they do not check, or a request that the program of
 * a policy made up instead of the one that it got.
 *
 * Finds this fault: such a program can be loaded, and the kernel crashes when it runs, or the
 * function writes behind the program's memory. The verifier lets a pointer pass that may be NULL
 * (before Linux 7.0) unless the function says otherwise, and a pointer to any memory for a struct
 * that has only scalars.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../lib/tap.h"

#define NULLS "build/tests/null-args.bpf.o"
#define MADE_UP "build/tests/made-up-args.bpf.o"

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Load one program of an object alone. Returns 0 or -errno. */
static int load(const char *path, const char *name)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;
	struct bpf_map *map;
	int ret;

	if (!obj)
		return -errno;
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	/* libbpf loads a program of a policy with the policy. */
	bpf_object__for_each_map(map, obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map,
						!strncmp(bpf_map__name(map), name, strlen(name)));
	ret = bpf_object__load(obj);
	bpf_object__close(obj);
	return ret;
}

/* Load each program of an object. Those that end in _checked are right. */
static void load_each(const char *path, int error)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;

	if (!tap__ok(obj, "open %s", path))
		return;
	bpf_object__for_each_program(prog, obj) {
		const char *name = bpf_program__name(prog);

		if (strstr(name, "_checked"))
			tap__err(load(path, name), 0, "%s: loaded", name);
		else
			tap__err(load(path, name), error, "%s: rejected", name);
	}
	bpf_object__close(obj);
}

int main(void)
{
	tap__start();
	libbpf_set_print(print_nothing);
	load_each(NULLS, -EACCES);
	load_each(MADE_UP, -EINVAL);
	return tap__done();
}
