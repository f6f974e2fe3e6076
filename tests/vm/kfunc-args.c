// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that pass the driver's functions a pointer which may be NULL, such as the result of a
 * look-up in a map that they do not check.
 *
 * Finds this fault: such a program can be loaded, and the kernel crashes when it runs. Before Linux
 * 7.0 the verifier lets it pass unless the function says otherwise.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../lib/tap.h"

#define OBJECT "build/tests/null-args.bpf.o"

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Load one program of the object alone. Returns 0 or -errno. */
static int load(const char *name)
{
	struct bpf_object *obj = bpf_object__open_file(OBJECT, NULL);
	struct bpf_program *prog;
	int ret;

	if (!obj)
		return -errno;
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	ret = bpf_object__load(obj);
	bpf_object__close(obj);
	return ret;
}

int main(void)
{
	struct bpf_object *obj = bpf_object__open_file(OBJECT, NULL);
	struct bpf_program *prog;

	tap__start();
	if (!tap__ok(obj, "open the programs"))
		return tap__done();
	libbpf_set_print(print_nothing);
	bpf_object__for_each_program(prog, obj) {
		const char *name = bpf_program__name(prog);

		if (strstr(name, "_checked"))
			tap__err(load(name), 0, "%s: loaded", name);
		else
			tap__err(load(name), -EACCES, "%s: rejected", name);
	}
	bpf_object__close(obj);
	return tap__done();
}
