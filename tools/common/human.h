/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers for people: short, with a unit, never wider than HUMAN_MAX - 1.
 *
 * Units of bytes are powers of 1024, and values stay exact as long as they fit five characters: 4K,
 * 1020K, 2M. Rounding is to the nearest, with one decimal below 10 and none above. Each function
 * fills and returns its buffer.
 */
#ifndef _COMMON_HUMAN_H
#define _COMMON_HUMAN_H

#include <linux/types.h>

#define HUMAN_MAX 16

char *human__bytes(char text[HUMAN_MAX], __u64 bytes); /* 512, 4K, 1020K, 2M, 16E */
char *human__count(char text[HUMAN_MAX], __u64 count); /* 9999, 26k, 1.2M (powers of 1000) */
char *human__time(char text[HUMAN_MAX], __u64 ns); /* 999ns, 1.2us, 830us, 12ms, 1.5s, 17m, 3h */

/* For sentences, where width does not matter: 0, 512 bytes, 64 KiB, 4.0 GiB. */
#define HUMAN_SIZE_MAX 24
char *human__size(char text[HUMAN_SIZE_MAX], __u64 bytes);

/* A PCI address from segment << 16 | bus << 8 | device << 3 | function: 0000:00:04.0 */
#define HUMAN_SBDF_MAX 16
char *human__sbdf(char text[HUMAN_SBDF_MAX], __u32 sbdf);

#endif /* _COMMON_HUMAN_H */
