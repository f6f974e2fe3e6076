/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that BPF programs may call, ours and those of the kernel.
 *
 * KF_TRUSTED_ARGS of 6.12 is not needed any more in 7.3. The BTF id of a function of the kernel is
 * written into a list by the build of a module in 6.12; the build for 7.3 finds functions of the
 * module alone, but there a module can look one up.
 */
#include_next <linux/btf.h>

#ifndef _IOMMUFD_PORT_BTF_H
#define _IOMMUFD_PORT_BTF_H

#include <linux/btf_ids.h>
#include <linux/string.h>

#if PORT_KFUNC_TRUST == 2
#define KF_TRUSTED_ARGS 0
#endif

#if PORT_FIND_BTF_ID == 1
#define PORT_FUNC_ID_LIST(list, func_name) BTF_ID_LIST_SINGLE(list, func, func_name)
#else
#define PORT_FUNC_ID_LIST(list, func_name) static const u32 list[1];
#endif

/* Get the id of a function of the kernel, 0 if it has none. @list has that of @listed. */
static inline u32 port_func_id(const u32 *list, const char *listed, const char *name)
{
#if PORT_FIND_BTF_ID == 1
	return strcmp(name, listed) ? 0 : list[0];
#else
	struct btf *btf;
	s32 id = bpf_find_btf_id(name, BTF_KIND_FUNC, &btf);

	/* btf_put() is not exported; the kernel's BTF, where it looks first, stays anyway. */
	return id > 0 ? id : 0;
#endif
}

#endif
