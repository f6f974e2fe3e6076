// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "dma_fault.h"

#define VTD_INTERRUPT "dmar_fault"
#define SMMU_THREAD "arm_smmu_evtq_thread"

/* If the kernel lacks a function, libbpf looks for it in the BTF of modules, too. */
#ifdef __aarch64__
#define MAY_HAVE_VTD false
#else
#define MAY_HAVE_VTD true
#endif

/* Load a program if the kernel has the function. */
static int choose(struct bpf_program *program, const char *function, bool is_wanted)
{
	is_wanted = is_wanted && !bpf_program__set_attach_target(program, 0, function);
	return bpf_program__set_autoload(program, is_wanted);
}

int dma_fault__choose(const struct dma_fault_programs *programs, bool is_wanted)
{
	int err = choose(programs->vtd, VTD_INTERRUPT, is_wanted && MAY_HAVE_VTD);

	is_wanted = is_wanted && !MAY_HAVE_VTD;
	if (!err)
		err = choose(programs->smmu_begin, SMMU_THREAD, is_wanted);
	if (!err)
		err = choose(programs->smmu_end, SMMU_THREAD, is_wanted);
	return err;
}

int dma_fault__attach(const struct dma_fault_programs *programs, struct dma_fault_links *links)
{
	int err;

	memset(links, 0, sizeof(*links));
	if (bpf_program__autoload(programs->vtd)) {
		links->end = bpf_program__attach_trace(programs->vtd);
		return links->end ? 0 : -errno;
	}
	if (!bpf_program__autoload(programs->smmu_end))
		return -ENOENT;
	links->begin = bpf_program__attach_trace(programs->smmu_begin);
	if (links->begin)
		links->end = bpf_program__attach_trace(programs->smmu_end);
	err = links->end ? 0 : -errno;
	if (err)
		dma_fault__detach(links);
	return err;
}

const char *dma_fault__target(const struct dma_fault_programs *programs)
{
	return bpf_program__autoload(programs->smmu_end) ? "fexit " SMMU_THREAD :
							   "fentry " VTD_INTERRUPT;
}

void dma_fault__detach(struct dma_fault_links *links)
{
	bpf_link__destroy(links->begin);
	bpf_link__destroy(links->end);
	memset(links, 0, sizeof(*links));
}
