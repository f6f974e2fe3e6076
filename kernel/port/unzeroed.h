/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Variables on the stack that the compiler need not zero.
 *
 * Debian's kernels have CONFIG_INIT_STACK_ALL_ZERO, so the compiler zeroes each struct on the stack
 * whose address is passed on, even if the next statement assigns all of it. That takes 100 of the
 * 3000 instructions of a call. Use this for a struct that is assigned in full, or whose members are
 * all assigned, before anything reads it; if the next statement does not do that, add a comment.
 * Compilers before GCC 12 and clang 8 have neither the option nor the attribute.
 */
#ifndef _IOMMUFD_PORT_UNZEROED_H
#define _IOMMUFD_PORT_UNZEROED_H

#include <linux/compiler.h>

#if __has_attribute(__uninitialized__)
#define port_unzeroed __attribute__((__uninitialized__))
#else
#define port_unzeroed
#endif

#endif
