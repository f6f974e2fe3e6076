// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options from a table, see opt.h. getopt_long() does the reading, its messages are replaced.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "msg.h"
#include "opt.h"

#define MAX_OPTS 64
#define FIRST_LONG 256   /* value of the long option with index 0 */

static int refuse(int got, char **argv)
{
	const char *what = got == ':' ? "needs a value" : "is no option of this command";

	if (!optopt)   /* an unknown long one */
		msg("%s %s; see --help", argv[optind - 1], what);
	else if (optopt < FIRST_LONG)
		msg("-%c %s; see --help", optopt, what);
	else
		msg("%s %s; see --help", argv[optind - 1], got == ':' ? what : "takes no value");
	return -EINVAL;
}

static int refuse_operand(void *ctx, const char *arg)
{
	(void)ctx;
	msg("'%s': this command takes options only; see --help", arg);
	return -EINVAL;
}

int opt__parse(const struct opt *opts, unsigned int nr_opts, int argc, char **argv,
	       int (*set)(void *ctx, unsigned int index, const char *arg), void *ctx)
{
	return opt__parse_all(opts, nr_opts, argc, argv, set, refuse_operand, ctx);
}

int opt__parse_all(const struct opt *opts, unsigned int nr_opts, int argc, char **argv,
		   int (*set)(void *ctx, unsigned int index, const char *arg),
		   int (*operand)(void *ctx, const char *arg), void *ctx)
{
	struct option longs[MAX_OPTS + 1] = {};
	char letters[2 * MAX_OPTS + 2] = ":", letter[3] = "";
	unsigned int i;
	int got, err;

	for (i = 0; i < nr_opts && i < MAX_OPTS; i++) {
		longs[i].name = opts[i].name;
		longs[i].has_arg = opts[i].arg ? required_argument : no_argument;
		longs[i].val = FIRST_LONG + i;
		letter[0] = opts[i].letter;
		letter[1] = opts[i].arg ? ':' : '\0';
		strcat(letters, letter);
	}
	opterr = 0;
	while ((got = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (got == '?' || got == ':')
			return refuse(got, argv);
		for (i = 0; i < nr_opts; i++)
			if (got == opts[i].letter || got == (int)(FIRST_LONG + i))
				break;
		err = set(ctx, i, optarg);
		if (err)
			return err;
	}
	for (err = 0; optind < argc && !err; optind++)
		err = operand(ctx, argv[optind]);
	return err;
}

void opt__print(const struct opt *opts, unsigned int nr_opts, FILE *out)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < nr_opts; i++) {
		snprintf(name, sizeof(name), "--%s%s%s", opts[i].name, opts[i].arg ? " " : "",
			 opts[i].arg ? opts[i].arg : "");
		if (opts[i].letter)
			fprintf(out, "  -%c, %-20s %s\n", opts[i].letter, name, opts[i].help);
		else
			fprintf(out, "      %-20s %s\n", name, opts[i].help);
	}
}
