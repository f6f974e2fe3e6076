/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exit codes, the same in all tools; part of their interface.
 */
#ifndef _COMMON_EXITCODE_H
#define _COMMON_EXITCODE_H

enum exitcode {
	EXITCODE_OK = 0, /* also after Ctrl-C */
	EXITCODE_FAILED = 1, /* at run time */
	EXITCODE_USAGE = 2,
	EXITCODE_PRIVILEGES = 3,
	EXITCODE_UNSUITED = 4, /* the kernel, the module or BTF */
	EXITCODE_POLICY = 5, /* policy refused */
	EXITCODE_LOST = 6, /* events lost, with --strict */
};

#endif /* _COMMON_EXITCODE_H */
