/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The modules whose BTF libbpf reads.
 *
 * To find a function or a type that the kernel itself does not have, libbpf reads the BTF of every
 * loaded module, and checks all types of the kernel again for each: 30 million instructions a
 * module, for each object that is loaded. The programs of the tools need the modules of iommufd and
 * VFIO alone, so libbpf sees no others, unless a tool loads an object from another source.
 */
#ifndef MODULE_BTF_H
#define MODULE_BTF_H

#include <linux/types.h>
#include <stdbool.h>

/* Let libbpf see all modules from now on, or only those that the tools need (the default). */
void module_btf__see_all(bool all);

/* The linker makes these names: libbpf calls the second one, and the first one is libbpf's own. */
int __real_bpf_btf_get_next_id(__u32 start_id, __u32 *next_id);
int __wrap_bpf_btf_get_next_id(__u32 start_id, __u32 *next_id);

#endif /* MODULE_BTF_H */
