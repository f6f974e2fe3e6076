// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs for VFIO type1: they count in the same maps as those on our tracepoints. See live.h.
 */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "env.h"
#include "errname.h"
#include "kernel_btf.h"
#include "msg.h"
#include "source/live.h"

#define MODULE "vfio_iommu_type1"

/* The section is "fentry/" or "fexit/" and the name of the function. */
static const char *function_of(const struct bpf_program *program)
{
	return strchr(bpf_program__section_name(program), '/') + 1;
}

static bool is_ours(const struct bpf_program *program)
{
	return !strncmp(bpf_program__name(program), "t1_", 3);
}

/* Load the programs whose functions exist. Those at pins may be missing, the others must not. */
static int choose_programs(const struct iommutop_type1_bpf *type1, const struct btf *btf)
{
	const struct bpf_program *const pins[] = { type1->progs.t1_pin_begin,
						   type1->progs.t1_pin_end };
	struct bpf_program *program;
	bool is_there;

	bpf_object__for_each_program(program, type1->obj) {
		is_there = is_ours(program) &&
			   btf__find_by_name_kind(btf, function_of(program), BTF_KIND_FUNC) > 0;
		bpf_program__set_autoload(program, is_there);
		if (is_there || !is_ours(program) || program == pins[0] || program == pins[1])
			continue;
		msg("cannot observe VFIO type1: it has no function %s", function_of(program));
		return -ENODEV;
	}
	type1->rodata->has_pins = bpf_program__autoload(pins[0]) && bpf_program__autoload(pins[1]);
	return 0;
}

static int find_functions(const struct iommutop_type1_bpf *type1)
{
	struct btf *kernel = btf__load_vmlinux_btf(), *module;
	char why[ENV_WHY_MAX];
	int err;

	module = kernel ? kernel_btf__module(MODULE, kernel) : NULL;
	if (!kernel) {
		msg("cannot observe VFIO type1: %s", env__why_refused(MODULE, -errno, why));
		return -ENODEV;
	}
	/* Without a module it is a part of the kernel, whose BTF the module's includes. */
	err = choose_programs(type1, module ? module : kernel);
	btf__free(module);
	btf__free(kernel);
	return err;
}

static int load_and_attach(struct live *live)
{
	struct iommutop_type1_bpf *type1 = live->type1;
	struct bpf_program *program;
	struct bpf_link *link;
	int err;

	err = live__reuse_maps(live, type1->obj);
	if (!err)
		err = driver_state__share(live->driver, type1->obj);
	if (!err)
		err = iommutop_type1_bpf__load(type1);
	if (err)
		return err;
	bpf_object__for_each_program(program, type1->obj) {
		if (!bpf_program__autoload(program))
			continue;
		link = bpf_program__attach(program);
		if (!link)
			return -errno;
		live->foreign_links[live->nr_foreign_links++] = link;
	}
	return 0;
}

int live__open_type1(struct live *live)
{
	const struct iommutop_bpf *bpf = live->bpf;
	struct iommutop_type1_bpf *type1;
	char name[ERRNAME_MAX];
	int err;

	live->type1 = type1 = iommutop_type1_bpf__open();
	if (!type1)
		return -errno;
	err = find_functions(type1);
	if (err)
		return err;
	memcpy((void *)&type1->rodata->filter, (const void *)&bpf->rodata->filter,
	       sizeof(bpf->rodata->filter));
	memcpy((void *)type1->rodata->top_table, (const void *)bpf->rodata->top_table,
	       sizeof(bpf->rodata->top_table));
	type1->rodata->sizes_by_ctx = bpf->rodata->sizes_by_ctx;
	type1->rodata->with_threads = bpf->rodata->with_threads;
	err = load_and_attach(live);
	if (!err)
		return 0;
	msg("cannot observe VFIO type1: %s\n  libbpf says: %s", errname(-err, name),
	    msg__libbpf_warning());
	return err == -EPERM || err == -EACCES ? -EPERM : -ENODEV;
}
