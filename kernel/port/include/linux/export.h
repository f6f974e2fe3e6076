/* SPDX-License-Identifier: GPL-2.0-only */
/* The namespace of a symbol is a string, as since 6.13. */
#include_next <linux/export.h>

#if !defined(_IOMMUFD_PORT_EXPORT_H) && PORT_NAMESPACE == 1
#define _IOMMUFD_PORT_EXPORT_H

#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns) __EXPORT_SYMBOL(sym, "GPL", ns)

#endif
