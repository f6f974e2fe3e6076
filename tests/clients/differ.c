// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make random calls of iommufd and of vfio's devices, the same for the same seed, and print a line
 * for each with its inputs, its result, all that it returned, and the pages charged. Two drivers
 * that behave alike print the same: tests/vm/upstream-differ.t runs it on both.
 *
 *	differ [--seeds FIRST-LAST] [--ops N] [--only OP,...] BDF...
 *
 * BDF are devices, bound to vfio-pci. Each seed runs in a process of its own. It also draws the
 * profile: without a device, with one or with two; as a user with a limit of locked memory,
 * both of which change, or as root; how the pages are charged; and if most addresses are odd.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/iommu.h"
#include "../lib/tap.h"
#include "differ/differ.h"

static const struct op {
	const char *name;
	void (*op)(struct fuzz *f);
	unsigned int weight;
	/* clang-format off */
} ops[] = {
	{ "open", op_open, 1 }, { "alloc", op_alloc, 16 }, { "destroy", op_destroy, 10 },
	{ "hwpt", op_hwpt, 14 }, { "invalidate", op_invalidate, 2 },
	{ "set-dirty", op_set_dirty, 2 }, { "get-dirty", op_get_dirty, 4 },
	{ "hw-info", op_hw_info, 3 }, { "fault", op_fault, 3 }, { "fault-io", op_fault_io, 3 },
	{ "bind", op_bind, 8 }, { "attach", op_attach, 22 }, { "detach", op_detach, 8 },
	{ "map", op_map, 80 }, { "unmap", op_unmap, 44 }, { "copy", op_copy, 40 },
	{ "allow", op_allow, 6 }, { "ranges", op_ranges, 8 }, { "option", op_option, 10 },
	{ "child", op_child, 2 }, { "vfio-ioas", op_vfio_ioas, 8 },
	{ "vfio-set", op_vfio_set, 6 }, { "vfio-map", op_vfio_map, 14 },
	{ "vfio-unmap", op_vfio_unmap, 14 }, { "vfio-info", op_vfio_info, 4 },
	{ "group", op_group, 3 }, { "size", op_size, 8 }, { "number", op_number, 3 },
	{ "pointer", op_pointer, 6 }, { "memory", op_memory, 4 }, { "limit", op_limit, 8 },
};

/* clang-format on */

/* The first calls of most sequences, so that the others meet objects. */
static void (*const opening[])(struct fuzz *f) = {
	op_limit,  op_limit,	 op_alloc,     op_alloc, op_alloc, op_attach,
	op_attach, op_vfio_ioas, op_vfio_ioas, op_hwpt,	 op_fault,
};

static bool wanted(const char *only, const char *name)
{
	size_t len = strlen(name);
	const char *at = only;

	if (!only)
		return true;
	while ((at = strstr(at, name))) {
		if ((at == only || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
		at++;
	}
	return false;
}

static int prepare(struct fuzz *f, char **bdfs, unsigned int devices)
{
	uint32_t kind = rnd(f, 6), limited = rnd(f, 3), odd = rnd(f, 5);
	uint64_t mode[CONTEXTS];
	int ret = memory_init(f);
	void *bar = NULL;
	size_t size;

	f->devices = kind == 0 ? 0 : kind < 4 ? 1 : 2;
	if (f->devices > devices)
		f->devices = devices;
	f->limited = !limited;
	f->odd = !odd;
	f->groups = one_in(f, 4);
	for (int c = 0; c < CONTEXTS; c++) {
		mode[c] = rnd(f, 2);
		f->ctx[c].fd = iommu__open();
		if (f->ctx[c].fd < 0)
			return f->ctx[c].fd;
		iommu__option(f->ctx[c].fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0,
			      &mode[c]);
	}
	for (unsigned int i = 0; i < DEVICES; i++) {
		f->dev[i].context = -1;
		f->dev[i].group = -1;
		f->dev[i].dev.fd = -1;
	}
	for (unsigned int i = 0; !ret && i < f->devices; i++) {
		snprintf(f->dev[i].bdf, sizeof(f->dev[i].bdf), "%s", bdfs[i]);
		ret = vfio__open(&f->dev[i].dev, bdfs[i]);
		if (!ret)
			ret = vfio__bind(&f->dev[i].dev, f->ctx[0].fd);
		f->dev[i].context = 0;
		note_id(f, 0, DEVICE, f->dev[i].dev.id);
	}
	if (!ret && f->devices) {
		bar = vfio__map_bar(&f->dev[0].dev, 0, &size);
		if (!bar || mremap(bar, size, FILE_PAGES * P, MREMAP_FIXED | MREMAP_MAYMOVE,
				   (void *)BAR_AT) == MAP_FAILED)
			ret = -ENODATA;
	}
	trace(f, "%" PRIu64 " devices=%u limited=%d odd=%d modes=%" PRIu64 ",%" PRIu64 "\n",
	      f->seed, f->devices, f->limited, f->odd, mode[0], mode[1]);
	return ret;
}

/* Close all in a random order; nothing may be charged after that. */
static void finish(struct fuzz *f)
{
	uint32_t order = rnd(f, CONTEXTS + DEVICES);

	if (f->user && setresuid(0, 0, 0))
		trace(f, "cannot become root\n");
	for (int i = 0; i < CONTEXTS + DEVICES; i++) {
		int n = (i + order) % (CONTEXTS + DEVICES);

		begin(f, NULL, "close", n);
		if (n < CONTEXTS)
			close(f->ctx[n].fd);
		else
			close_device(f, n - CONTEXTS);
		if (n >= CONTEXTS && f->dev[n - CONTEXTS].group >= 0)
			close(f->dev[n - CONTEXTS].group);
		end(f, 0);
	}
	for (int i = 0; i < FAULTS; i++)
		if (f->faults[i])
			close(f->faults[i]);
	begin(f, NULL, "closed", -1);
	end(f, 0);
}

static int run(uint64_t seed, uint64_t num, const char *only, char **bdfs, unsigned int devices)
{
	static struct fuzz f;
	unsigned int all = 0;
	int ret;

	f.seed = seed;
	f.t.print = true;
	fuzz__seed(&f.t, seed);
	ret = prepare(&f, bdfs, devices);
	if (ret) {
		fprintf(stderr, "differ: seed %" PRIu64 ": %s\n", seed, strerror(-ret));
		return 1;
	}
	for (size_t i = 0; i < COUNT(ops); i++)
		if (wanted(only, ops[i].name))
			all += ops[i].weight;
	for (f.t.step = 0; f.t.step < num; f.t.step++) {
		uint32_t w = rnd(&f, all);
		size_t i = 0;

		if (f.t.step < COUNT(opening) && !only && seed % 4) {
			opening[f.t.step](&f);
			continue;
		}
		while (!wanted(only, ops[i].name) || w >= ops[i].weight) {
			if (wanted(only, ops[i].name))
				w -= ops[i].weight;
			i++;
		}
		ops[i].op(&f);
	}
	finish(&f);
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seeds", required_argument, NULL, 's' },
						 { "ops", required_argument, NULL, 'o' },
						 { "only", required_argument, NULL, 'y' },
						 {} };
	uint64_t first = 1, last = 1, num = 300;
	const char *only = NULL;
	static char buffer[1 << 16];
	bool bad = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 's')
			bad |= sscanf(optarg, "%" SCNu64 "-%" SCNu64, &first, &last) != 2;
		else if (opt == 'o')
			bad |= sscanf(optarg, "%" SCNu64, &num) != 1;
		else if (opt == 'y')
			only = optarg;
		else
			bad = true;
	}
	if (bad) {
		fprintf(stderr,
			"usage: differ [--seeds FIRST-LAST] [--ops N] [--only OP,...] BDF...\n");
		return 2;
	}
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	for (uint64_t seed = first; seed <= last; seed++) {
		pid_t pid = fork();
		int status = 1;

		if (!pid)
			_exit(run(seed, num, only, argv + optind, argc - optind));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			fprintf(stderr, "differ: seed %" PRIu64 ": status 0x%x\n", seed, status);
			return 1;
		}
	}
	return 0;
}
