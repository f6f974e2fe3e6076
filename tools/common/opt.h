/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of a command, from one table: what is parsed, and what --help prints.
 */
#ifndef _COMMON_OPT_H
#define _COMMON_OPT_H

#include <stdio.h>

struct opt {
	char letter;   /* 0: only the long name */
	const char *name;
	const char *arg;	 /* what --help calls the argument; NULL: takes none */
	const char *help;  /* one line */
};

/*
 * Calls set() for each option, with its index in the table. set() returns 0 to go on, 1 to end
 * parsing, or -errno after a message. Returns what set() did, or -EINVAL after a message.
 */
int opt__parse(const struct opt *opts, unsigned int nr_opts, int argc, char **argv,
	       int (*set)(void *ctx, unsigned int index, const char *arg), void *ctx);

/*
 * The same for a command that takes operands too: they may stand before, between and after the
 * options, all behind "--" are some. operand() returns 0, or -errno after a message.
 */
int opt__parse_all(const struct opt *opts, unsigned int nr_opts, int argc, char **argv,
		   int (*set)(void *ctx, unsigned int index, const char *arg),
		   int (*operand)(void *ctx, const char *arg), void *ctx);

/* The lines of --help that describe the options. */
void opt__print(const struct opt *opts, unsigned int nr_opts, FILE *out);

#endif /* _COMMON_OPT_H */
