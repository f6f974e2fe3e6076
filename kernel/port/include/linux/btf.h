/* SPDX-License-Identifier: GPL-2.0-only */
/* KF_TRUSTED_ARGS of 6.12, which is not needed any more in 7.3. */
#include_next <linux/btf.h>

#if !defined(_IOMMUFD_PORT_BTF_H) && PORT_KFUNC_TRUST == 2
#define _IOMMUFD_PORT_BTF_H

#define KF_TRUSTED_ARGS 0

#endif
