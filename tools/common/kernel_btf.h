/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BTF of the kernel and its modules, read once for all BPF objects of a tool.
 *
 * libbpf reads the kernel's BTF for each object that is loaded (26 million instructions), that of
 * each loaded module, for which it checks all types of the kernel again (26 million), and compares
 * names with all types to find one (4 million). The linker lets libbpf's calls come here, so that
 * each is read once, names are found by a hash, and only modules are read that the programs of the
 * tools need: those of iommufd and VFIO. The calls of a shared libbpf do not come here, so loading
 * takes longer.
 */
#ifndef KERNEL_BTF_H
#define KERNEL_BTF_H

#include <bpf/btf.h>
#include <linux/types.h>
#include <stdbool.h>

/* Let libbpf see all modules from now on, or only those that the tools need (the default). */
void kernel_btf__see_all(bool all);

/*
 * The BTF of a loaded module, with that of the kernel. NULL with errno set if it has none or cannot
 * be read. Free it with btf__free().
 */
struct btf *kernel_btf__module(const char *name, struct btf *kernel);

/* Free what nobody uses. Call it when all is loaded, if the process goes on (10 MB). */
void kernel_btf__release(void);

/* The linker makes these names: libbpf calls the __wrap ones, the __real ones are libbpf's own. */
int __real_bpf_btf_get_next_id(__u32 start_id, __u32 *next_id);
int __wrap_bpf_btf_get_next_id(__u32 start_id, __u32 *next_id);
struct btf *__real_btf__load_vmlinux_btf(void);
struct btf *__wrap_btf__load_vmlinux_btf(void);
struct btf *__wrap_btf_get_from_fd(int fd, struct btf *base);
/* Not exported: a shared libbpf does not have it, and calls no __wrap function either. */
struct btf *__real_btf_get_from_fd(int fd, struct btf *base) __attribute__((weak));
__s32 __real_btf__find_by_name_kind(const struct btf *btf, const char *name, __u32 kind);
__s32 __wrap_btf__find_by_name_kind(const struct btf *btf, const char *name, __u32 kind);
void __real_btf__free(struct btf *btf);
void __wrap_btf__free(struct btf *btf);

#endif /* KERNEL_BTF_H */
