// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iopolicy: one table of options, one of commands; a command names its options.
 *
 * --help is printed from them, and a test compares it with the manual page and the completions.
 * What can be checked without opening the file is checked here.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "iopolicy.h"
#include "msg.h"
#include "opt.h"
#include "parse.h"

enum {
	OPT_NAME,
	OPT_SET,
	OPT_PRIORITY,
	OPT_CGROUP,
	OPT_AUDIT,
	OPT_KEEP_MAPS,
	OPT_ALL,
	OPT_EVERY,
	OPT_WIDE,
	OPT_JSON,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_HELP,
	NR_OPTS
};

static const struct opt opts[NR_OPTS] = {
	[OPT_NAME] = { 0, "name", "NAME", "call it so, not by its own name" },
	[OPT_SET] = { 0, "set", "KNOB=VALUE", "set a knob; can be given several times" },
	[OPT_PRIORITY] = { 0, "priority", "N", "it is asked before those of lower priority" },
	[OPT_CGROUP] = { 0, "cgroup", "CGROUP", "only for this cgroup (path, id), and below" },
	[OPT_AUDIT] = { 0, "audit", NULL, "count and tell what it refuses, but let it happen" },
	[OPT_KEEP_MAPS] = { 0, "keep-maps", NULL, "take the old one's maps of the same names" },
	[OPT_ALL] = { 'a', "all", NULL, "all that are pinned" },
	[OPT_EVERY] = { 'a', "all", NULL, "every verdict, not refusals only" },
	[OPT_WIDE] = { 'w', "wide", NULL, "a line for each hook, with its counts" },
	[OPT_JSON] = { 'j', "json", NULL, "JSON, an object in each line" },
	[OPT_VERBOSE] = { 'v', "verbose", NULL, "the whole log of the verifier, what libbpf says" },
	[OPT_VERSION] = { 'V', "version", NULL, "print the version and end" },
	[OPT_HELP] = { 'h', "help", NULL, "print this and end" },
};

#define OPT_BIT(name) (1u << OPT_##name)
#define SETTINGS (OPT_BIT(SET) | OPT_BIT(PRIORITY) | OPT_BIT(CGROUP) | OPT_BIT(AUDIT))
#define COMMON (OPT_BIT(JSON) | OPT_BIT(VERBOSE) | OPT_BIT(HELP))

/* What operands a command takes. */
enum operands { NONE, FILE_ONLY, NAMES, NAME_AND_FILE };

static const struct {
	const char *name;
	const char *usage;  /* operands */
	enum operands operands;
	__u32 opts;
	const char *summary;
	const char *help;
} commands[NR_CMDS] = {
	[CMD_LOAD] = { "load", "FILE", FILE_ONLY, SETTINGS | OPT_BIT(NAME) | COMMON,
		       "put a policy in force, and keep it",
		       "Loads the policy in FILE, a BPF object file, puts it in force, and pins it, its\n"
		       "maps and programs in " STORE "/NAME. All of that happens, or\n"
		       "nothing.\n" },
	[CMD_UNLOAD] = { "unload", "NAME...", NAMES, OPT_BIT(ALL) | COMMON,
			 "end policies, and remove their pins",
			 "Ends policies that iopolicy has loaded, and removes their pins.\n" },
	[CMD_REPLACE] = { "replace", "NAME FILE", NAME_AND_FILE,
			  SETTINGS | OPT_BIT(KEEP_MAPS) | COMMON,
			  "put a policy in the place of another",
			  "Puts the policy in FILE in the place of the one called NAME, under that name.\n"
			  "There is no moment without one of them; if it fails the old one stays.\n" },
	[CMD_LIST] = { "list", "", NONE, OPT_BIT(WIDE) | COMMON, "show what is in force",
		       "Shows the policies in force, in the order in which they are asked, and pins that\n"
		       "hold none.\n" },
	[CMD_INSPECT] = { "inspect", "FILE", FILE_ONLY, COMMON, "show what is in a file",
			  "Shows hooks, knobs and maps of the policy in FILE. Needs no privileges.\n" },
	[CMD_VERIFY] = { "verify", "FILE", FILE_ONLY, SETTINGS | COMMON,
			 "see whether the kernel takes a policy",
			 "Loads the policy in FILE without putting it in force. Prints ok, or what the\n"
			 "verifier has against it.\n" },
	[CMD_RUN] = { "run", "FILE", FILE_ONLY, SETTINGS | OPT_BIT(NAME) | OPT_BIT(EVERY) | COMMON,
		      "try a policy, and watch it",
		      "Keeps the policy in FILE in force until Ctrl-C, and prints what it refuses.\n" },
	[CMD_CLEAN] = { "clean", "", NONE, COMMON, "remove pins without a policy",
			"Removes what a command that was killed has left in " STORE ".\n" },
};

static __u32 all_opts(const struct options *options)
{
	return options->has_command ? commands[options->command].opts :
				      OPT_BIT(VERSION) | OPT_BIT(HELP);
}

/* The chosen of the table, one behind the other. */
static unsigned int choose_opts(__u32 chosen, struct opt *list, unsigned int *indexes)
{
	unsigned int i, nr = 0;

	for (i = 0; i < NR_OPTS; i++)
		if (chosen & 1u << i) {
			indexes[nr] = i;
			list[nr++] = opts[i];
		}
	return nr;
}

static int set_name(struct options *options, const char *arg)
{
	if (policy__is_good_name(arg)) {
		options->name = arg;
		return 0;
	}
	msg("--name: '%s' is no name of a policy; it has 1 to %d letters, digits, '_', '-' and "
	    "'.', and no '.' first",
	    arg, IOMMUFD_POLICY_NAME_LEN - 1);
	return -EINVAL;
}

static int set_priority(struct options *options, const char *arg)
{
	char why[PARSE_WHY_MAX];
	__s64 number;

	if (parse__signed(arg, INT_MIN, INT_MAX, &number, why)) {
		msg("--priority: %s", why);
		return -EINVAL;
	}
	options->priority = number;
	options->has_priority = true;
	return 0;
}

static int set_cgroup(struct options *options, const char *arg)
{
	char why[CGROUP_WHY_MAX];
	int err;

	err = cgroup__parse(arg, &options->cgroup, why);
	if (err) {
		msg("--cgroup: %s", why);
		return err == -ENODEV ? err : -EINVAL;
	}
	options->has_cgroup = true;
	return 0;
}

static int add_set(struct options *options, const char *arg)
{
	if (options->nr_sets == MAX_SETS) {
		msg("--set: more than %d of them", MAX_SETS);
		return -EINVAL;
	}
	if (!strchr(arg, '=') || *arg == '=') {
		msg("--set: '%s' is not KNOB=VALUE; iopolicy inspect FILE lists the knobs", arg);
		return -EINVAL;
	}
	options->sets[options->nr_sets++] = arg;
	return 0;
}

struct parsing {
	struct options *options;
	const unsigned int *indexes;
};

static int set_option(void *ctx, unsigned int index, const char *arg)
{
	struct parsing *parsing = ctx;
	struct options *options = parsing->options;

	switch (parsing->indexes[index]) {
	case OPT_NAME:
		return set_name(options, arg);
	case OPT_SET:
		return add_set(options, arg);
	case OPT_PRIORITY:
		return set_priority(options, arg);
	case OPT_CGROUP:
		return set_cgroup(options, arg);
	case OPT_AUDIT:
		options->audit = true;
		return 0;
	case OPT_KEEP_MAPS:
		options->keep_maps = true;
		return 0;
	case OPT_ALL:
	case OPT_EVERY:
		options->all = true;
		return 0;
	case OPT_WIDE:
		options->wide = true;
		return 0;
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_VERBOSE:
		options->verbose = true;
		return 0;
	case OPT_VERSION:
		options->version = true;
		return 1;
	case OPT_HELP:
		options->help = true;
		return 1;
	}
	return -EINVAL;
}

static int add_operand(void *ctx, const char *arg)
{
	struct options *options = ((struct parsing *)ctx)->options;
	enum operands takes = commands[options->command].operands;

	if (takes == NAMES && options->nr_names == MAX_NAMES) {
		msg("more than %d names", MAX_NAMES);
		return -EINVAL;
	}
	if (takes == NAMES || (takes == NAME_AND_FILE && !options->nr_names)) {
		if (!policy__is_good_name(arg)) {
			msg("'%s' is no name of a policy; iopolicy list shows them", arg);
			return -EINVAL;
		}
		options->names[options->nr_names++] = arg;
		return 0;
	}
	if (takes == NONE || options->file) {
		msg("'%s': one operand too many; see iopolicy %s --help", arg,
		    commands[options->command].name);
		return -EINVAL;
	}
	options->file = arg;
	return 0;
}

static int check_operands(const struct options *options)
{
	const char *name = commands[options->command].name;

	switch (commands[options->command].operands) {
	case NONE:
		return 0;
	case NAMES:
		if (options->all && options->nr_names) {
			msg("%s: names and --all at once; give one of them", name);
			return -EINVAL;
		}
		if (options->all || options->nr_names)
			return 0;
		msg("%s: which policy? give its name, or --all; iopolicy list shows them", name);
		return -EINVAL;
	case NAME_AND_FILE:
		if (!options->nr_names) {
			msg("%s: which policy? give its name, and a file with the new one", name);
			return -EINVAL;
		}
		/* fall through */
	case FILE_ONLY:
		if (options->file)
			return 0;
	}
	msg("%s: which file? give a policy that was compiled: NAME.bpf.o", name);
	return -EINVAL;
}

static int find_command(struct options *options, const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_CMDS; i++)
		if (!strcmp(commands[i].name, name)) {
			options->command = i;
			options->has_command = true;
			return 0;
		}
	msg("'%s' is no command; see iopolicy --help", name);
	return -EINVAL;
}

int options__parse(struct options *options, int argc, char **argv)
{
	struct parsing parsing = { .options = options };
	unsigned int indexes[NR_OPTS], nr;
	struct opt list[NR_OPTS];
	int err;

	memset(options, 0, sizeof(*options));
	if (argc < 2) {
		msg("which command? see iopolicy --help");
		return -EINVAL;
	}
	if (argv[1][0] != '-') {
		err = find_command(options, argv[1]);
		if (err)
			return err;
		argc--;
		argv++;
	}
	nr = choose_opts(all_opts(options), list, indexes);
	parsing.indexes = indexes;
	if (!options->has_command)
		err = opt__parse(list, nr, argc, argv, set_option, &parsing);
	else
		err = opt__parse_all(list, nr, argc, argv, set_option, add_operand, &parsing);
	if (err)
		return err < 0 ? err : 0;
	if (!options->has_command) {
		msg("which command? see iopolicy --help");
		return -EINVAL;
	}
	return check_operands(options);
}

static void print_general_help(void)
{
	unsigned int i;

	printf("Usage: iopolicy COMMAND [options] [operands]\n\n"
	       "Loads, lists and removes policies: rules on DMA through iommufd, written in "
	       "BPF.\n\nCommands:\n");
	for (i = 0; i < NR_CMDS; i++)
		printf("  %-8s %-11s %s\n", commands[i].name, commands[i].usage,
		       commands[i].summary);
	printf("\n");
}

void options__print_help(const struct options *options)
{
	unsigned int indexes[NR_OPTS];
	struct opt list[NR_OPTS];

	if (options->has_command)
		printf("Usage: iopolicy %s [options]%s%s\n\n%s\n", commands[options->command].name,
		       commands[options->command].usage[0] ? " " : "",
		       commands[options->command].usage, commands[options->command].help);
	else
		print_general_help();
	opt__print(list, choose_opts(all_opts(options), list, indexes), stdout);
	if (!options->has_command)
		printf("\niopolicy COMMAND --help has the options of a command. "
		       "See iopolicy(8).\n");
}
