// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser of option tables and the printer of --help, see opt.h. getopt_long() splits the
 * command line; its messages are replaced by ours.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "msg.h"
#include "opt.h"
#include "parse.h"

#define MAX_OPTS 64
#define FIRST_LONG 256 /* getopt's value of the long option with index 0 */

static int refuse(int got, char **argv)
{
	const char *last = argv[optind - 1];

	if (!optopt) /* a long option that is not in the table */
		msg("unknown option '%s'; see --help", last);
	else if (got == ':' && optopt < FIRST_LONG)
		msg("option '-%c' needs a value; see --help", optopt);
	else if (got == ':')
		msg("option '%s' needs a value; see --help", last);
	else if (optopt < FIRST_LONG)
		msg("unknown option '-%c'; see --help", optopt);
	else
		msg("option '%s' takes no value; see --help", last);
	return -EINVAL;
}

static int set_choice(const struct opt_table *table, const struct opt *opt, __u32 *target)
{
	const struct opt *other = table->opts;

	if (!*target || *target == opt->choice) {
		*target = opt->choice;
		return 0;
	}
	while (other->kind != OPT_KIND_CHOICE || other->offset != opt->offset ||
	       other->choice != *target)
		other++;
	msg("--%s and --%s exclude each other; give one of them", other->name, opt->name);
	return -EINVAL;
}

/* Append the bound that the value of an option missed. */
static void add_bound(const struct opt *opt, char *why)
{
	char least[32], most[32];

	switch (opt->kind) {
	case OPT_KIND_SIZE:
		human__bytes(least, opt->min);
		human__bytes(most, opt->max);
		break;
	case OPT_KIND_SECONDS:
		human__time(least, opt->min);
		human__time(most, opt->max);
		break;
	default:
		snprintf(least, sizeof(least), "%llu", opt->min);
		snprintf(most, sizeof(most), "%llu", opt->max);
	}
	parse__add_bound(why, least, opt->max < LLONG_MAX / 2 ? most : NULL);
}

static int set_target(const struct opt_table *table, const struct opt *opt, void *target,
		      const char *arg)
{
	char why[PARSE_WHY_MAX];
	int err = 0;

	switch (opt->kind) {
	case OPT_KIND_FLAG:
	case OPT_KIND_STOP:
		*(bool *)target = true;
		return opt->kind == OPT_KIND_STOP;
	case OPT_KIND_TEXT:
		*(const char **)target = arg;
		return 0;
	case OPT_KIND_COUNT:
		err = parse__count(arg, opt->min, opt->max, target, why);
		break;
	case OPT_KIND_SIZE:
		err = parse__size(arg, opt->min, opt->max, target, why);
		break;
	case OPT_KIND_SECONDS:
		err = parse__seconds(arg, opt->min, opt->max, target, why);
		break;
	case OPT_KIND_CHOICE:
		return set_choice(table, opt, target);
	case OPT_KIND_CUSTOM:
		return opt->parse(opt, target, arg);
	case OPT_KIND_SECTION:
		break;
	}
	if (!err)
		return 0;
	if (err == -ERANGE)
		add_bound(opt, why);
	msg("--%s: %s", opt->name, why);
	return -EINVAL;
}

/* The arguments of getopt_long(): the long options end with zeros, the letters begin with ':'. */
struct getopt_input {
	struct option longs[MAX_OPTS + 1];
	char letters[2 * MAX_OPTS + 2];
};

static void fill_input(struct getopt_input *input, const struct opt_table *table, __u32 command)
{
	struct option *next = input->longs;
	char *letter = input->letters;
	unsigned int i;

	*letter++ = ':';
	for (i = 0; i < table->nr_opts && i < MAX_OPTS; i++) {
		const struct opt *opt = &table->opts[i];

		if (!opt__is_in(opt, command))
			continue;
		next->name = opt->name;
		next->has_arg = opt->arg ? required_argument : no_argument;
		next++->val = FIRST_LONG + i;
		if (!opt->letter)
			continue;
		*letter++ = opt->letter;
		if (opt->arg)
			*letter++ = ':';
	}
}

static const struct opt *find_opt(const struct opt_table *table, __u32 command, int got)
{
	unsigned int i = 0;

	if (got >= FIRST_LONG)
		return &table->opts[got - FIRST_LONG];
	while (!opt__is_in(&table->opts[i], command) || table->opts[i].letter != got)
		i++;
	return &table->opts[i];
}

int opt__parse(const struct opt_table *table, __u32 command, int argc, char **argv, void *options,
	       int (*operand)(void *options, const char *arg))
{
	struct getopt_input input = {};
	const struct opt *opt;
	int got, err = 0;

	fill_input(&input, table, command);
	opterr = 0;
	while ((got = getopt_long(argc, argv, input.letters, input.longs, NULL)) != -1) {
		if (got == '?' || got == ':')
			return refuse(got, argv);
		opt = find_opt(table, command, got);
		err = set_target(table, opt, (char *)options + opt->offset, optarg);
		if (err)
			return err;
	}
	if (optind < argc && !operand) {
		msg("unexpected operand '%s': this command takes options only; see --help",
		    argv[optind]);
		return -EINVAL;
	}
	for (; optind < argc && !err; optind++)
		err = operand(options, argv[optind]);
	return err;
}

bool opt__is_given(const char *name, int argc, char **argv)
{
	size_t size;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (strncmp(argv[i], "--", 2))
			continue;
		size = strcspn(argv[i] + 2, "=");
		if (size && !strncmp(argv[i] + 2, name, size))
			return true;
	}
	return false;
}

void opt__print(const struct opt_table *table, __u32 command, FILE *out)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < table->nr_opts; i++) {
		const struct opt *opt = &table->opts[i];

		/* Few of a command's options come from any one section. */
		if (opt->kind == OPT_KIND_SECTION && command == OPT_NO_COMMAND)
			fprintf(out, "%s%s:\n", i ? "\n" : "", opt->name);
		if (!opt__is_in(opt, command))
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", opt->name, opt->arg ? " " : "",
			 opt->arg ? opt->arg : "");
		if (opt->letter)
			fprintf(out, "  -%c, %-20s %s\n", opt->letter, name, opt->help);
		else
			fprintf(out, "      %-20s %s\n", name, opt->help);
	}
}
