/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The version of the tools. The build may override it with -DIOMMUSCOPE_VERSION='"..."'.
 */
#ifndef _COMMON_VERSION_H
#define _COMMON_VERSION_H

#ifndef IOMMUSCOPE_VERSION
#define IOMMUSCOPE_VERSION "0.1"
#endif

#endif /* _COMMON_VERSION_H */
