/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of error numbers, like ENOMEM.
 */
#ifndef _COMMON_ERRNAME_H
#define _COMMON_ERRNAME_H

#define ERRNAME_MAX 24

/*
 * Return the name of a positive errno, or "errno N" in the buffer for an unknown one. The kernel's
 * internal numbers are known, too: no system call returns them, but tracepoints may show them.
 */
const char *errname(int error, char buffer[ERRNAME_MAX]);

#endif /* _COMMON_ERRNAME_H */
