/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --check: the needs of iosnoop, and whether this machine meets them.
 */
#ifndef _IOSNOOP_CHECK_H
#define _IOSNOOP_CHECK_H

#include "driver.h"

/* Print the list. Returns 0, or -EPERM or -ENODEV if iosnoop cannot work. */
int check__run(enum driver_kind driver);

#endif /* _IOSNOOP_CHECK_H */
