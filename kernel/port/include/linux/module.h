/* SPDX-License-Identifier: GPL-2.0-only */
/* The namespace that a module imports is a string, as since 6.13. */
#include_next <linux/module.h>

#if !defined(_IOMMUFD_PORT_MODULE_H) && PORT_NAMESPACE == 1
#define _IOMMUFD_PORT_MODULE_H

#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)

#endif
