/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of error numbers as the manual pages write them: ENOMEM.
 */
#ifndef _COMMON_ERRNAME_H
#define _COMMON_ERRNAME_H

#define ERRNAME_MAX 24

/*
 * The name of a positive errno. The kernel's internal numbers, which can reach a tracepoint though
 * never a system call's caller, have names too; others give "errno N" in the buffer.
 */
const char *errname(int error, char buffer[ERRNAME_MAX]);

#endif /* _COMMON_ERRNAME_H */
