/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of bpf/dma_fault.bpf.h that run where an IOMMU driver handles DMA faults.
 *
 * They are fentry and fexit programs. A kprobe would not do: the kernel skips its programs in an
 * interrupt that arrives while the CPU runs another kprobe's program or a call on a BPF map.
 */
#ifndef DMA_FAULT_H
#define DMA_FAULT_H

#include <bpf/libbpf.h>

struct dma_fault_programs {
	struct bpf_program *vtd; /* Intel's driver */
	struct bpf_program *smmu_begin, *smmu_end; /* Arm's driver of an SMMUv3 */
};

struct dma_fault_links {
	struct bpf_link *begin, *end;
};

/*
 * Choose the programs to load, before their object is loaded: those of the IOMMU driver that the
 * kernel has, or none if !is_wanted. Returns 0 or -errno.
 */
int dma_fault__choose(const struct dma_fault_programs *programs, bool is_wanted);

/* Attach them. Returns 0; -ENOENT if the kernel has neither driver; another -errno. */
int dma_fault__attach(const struct dma_fault_programs *programs, struct dma_fault_links *links);

/* The name of their attachment: "fentry dmar_fault". */
const char *dma_fault__target(const struct dma_fault_programs *programs);

void dma_fault__detach(struct dma_fault_links *links);

#endif /* DMA_FAULT_H */
