/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tools exit with; part of their interface, the same in all of them.
 */
#ifndef _COMMON_EXITCODE_H
#define _COMMON_EXITCODE_H

enum exitcode {
	EXITCODE_OK = 0,	 /* also when ended by Ctrl-C */
	EXITCODE_FAILED = 1,  /* at run time */
	EXITCODE_USAGE = 2,
	EXITCODE_PRIVILEGES = 3,
	EXITCODE_UNSUITED = 4,  /* kernel, module or BTF */
	EXITCODE_POLICY = 5,  /* policy rejected */
	EXITCODE_LOST = 6,  /* events lost, under --strict */
};

#endif /* _COMMON_EXITCODE_H */
