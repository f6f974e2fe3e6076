/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --check: what iosnoop needs and whether this machine has it.
 */
#ifndef _IOSNOOP_CHECK_H
#define _IOSNOOP_CHECK_H

#include "driver.h"

/* Print the list. Returns 0, or -EPERM or -ENODEV if iosnoop cannot work. */
int check__run(enum driver_kind driver);

#endif /* _IOSNOOP_CHECK_H */
