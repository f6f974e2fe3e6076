/* SPDX-License-Identifier: GPL-2.0-only */
/* The namespace of a symbol is a string, as since 6.13. */
#ifdef _IOMMUFD_PORT_EXPORT_H
#include_next <linux/export.h>
#else
/* The kernel's header may include this one again, before it defines anything. */
#define _IOMMUFD_PORT_EXPORT_H
#include_next <linux/export.h>

#if PORT_NAMESPACE == 1
#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns) __EXPORT_SYMBOL(sym, "GPL", ns)
#endif

#endif
