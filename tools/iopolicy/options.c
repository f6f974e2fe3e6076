// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iopolicy.
 *
 * The two tables below are the only lists of the commands and options: --help, the completions and
 * the manual page are made from them, see opt.h. All checks that do not need the policy file are
 * here.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "clock.h"
#include "folder/folder.h"
#include "machine.h"
#include "msg.h"
#include "object/object.h"
#include "opt.h"
#include "options.h"
#include "parse.h"
#include "store/store.h"

#define NAME_RULE "use 1 to 31 letters, digits, '_', '-' and '.', and do not begin with '.'"
_Static_assert(IOMMUFD_POLICY_NAME_LEN == 32, "NAME_RULE");

static int parse_name(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	if (policy_name__is_valid(arg)) {
		options->name = arg;
		return 0;
	}
	msg("--name: '%s' is not a valid policy name; " NAME_RULE, arg);
	return -EINVAL;
}

static int parse_priority(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;
	char why[PARSE_WHY_MAX];
	__s64 number;

	(void)opt;
	if (parse__signed(arg, INT_MIN, INT_MAX, &number, why)) {
		msg("--priority: %s", why);
		return -EINVAL;
	}
	options->priority = number;
	options->has_priority = true;
	return 0;
}

static int parse_cgroup(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;
	char why[CGROUP_WHY_MAX];
	int err;

	(void)opt;
	err = cgroup__parse(arg, &options->cgroup, why);
	if (err) {
		msg("--cgroup: %s", why);
		return err == -ENODEV ? err : -EINVAL;
	}
	options->has_cgroup = true;
	return 0;
}

static int parse_machine(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;
	char why[CGROUP_WHY_MAX];
	unsigned int level;
	int err;

	(void)opt;
	err = machine__find(arg, &options->cgroup, &level, why);
	if (err) {
		msg("--machine: %s", why);
		return err == -ENODEV ? err : -EINVAL;
	}
	options->has_cgroup = true;
	return 0;
}

static int parse_set(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	if (options->nr_sets == MAX_SETS) {
		msg("--set: given more than %d times", MAX_SETS);
		return -EINVAL;
	}
	if (!strchr(arg, '=') || *arg == '=') {
		msg("--set: '%s' is not NAME=VALUE; iopolicy inspect FILE lists the parameters",
		    arg);
		return -EINVAL;
	}
	options->sets[options->nr_sets++] = arg;
	return 0;
}

static int parse_drop(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	if (options->nr_drops == MAX_DROPS) {
		msg("--drop: given more than %d times", MAX_DROPS);
		return -EINVAL;
	}
	options->drops[options->nr_drops++] = arg;
	return 0;
}

static int parse_entry(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	if (options->nr_entries == MAX_ENTRIES) {
		msg("--entry: given more than %d times", MAX_ENTRIES);
		return -EINVAL;
	}
	options->entries[options->nr_entries++] = arg;
	return 0;
}

#define COMMAND(name) OPT_COMMAND(CMD_##name)
#define ALL_COMMANDS (OPT_COMMAND(NR_CMDS) - 1)
#define SETTINGS (COMMAND(LOAD) | COMMAND(REPLACE) | COMMAND(VERIFY) | COMMAND(RUN))

/* clang-format off */
static const struct opt opts[] = {
	{ 0, "name", "NAME", OPT_CUSTOM(parse_name),
	  .commands = COMMAND(LOAD) | COMMAND(RUN),
	  .help = "use this name, not the policy's own", .manual =
	  "Use this name for the policy instead of its own: 1 to 31 letters, digits, _, -\n"
	  "and dots, but no dot at the beginning.\n" },
	{ 0, "set", "NAME=VALUE", OPT_CUSTOM(parse_set),
	  .commands = SETTINGS | COMMAND(APPLY) | COMMAND(DIFF) | COMMAND(TEST),
	  .help = "set a parameter; can be given several times", .manual =
	  "Set a parameter of the policy; can be given several times.\n"
	  "Numbers may be hexadecimal (0x1000) or end with K, M, G or T (powers of 1024);\n"
	  "a bool is true or false; a value that does not fit the parameter's type is an\n"
	  "error.\n" },
	{ 0, "priority", "N", OPT_CUSTOM(parse_priority), .commands = SETTINGS,
	  .help = "run before policies of lower priority", .manual =
	  "Policies of higher priority run first, those of equal priority in the order of\n"
	  "loading; from \\-2147483648 to 2147483647.\n" },
	{ 0, "cgroup", "CGROUP", OPT_CUSTOM(parse_cgroup), .commands = SETTINGS,
	  .value = OPT_VALUE_CGROUP,
	  .help = "only for this cgroup (path or id) and below", .manual =
	  "The policy applies only to processes in this cgroup (version 2) and below it: a\n"
	  "path, as in the file system or as in\n"
	  ".Pa /proc/PID/cgroup ,\n"
	  "or a number.\n" },
	{ 0, "machine", "NAME", OPT_CUSTOM(parse_machine), .commands = SETTINGS,
	  .value = OPT_VALUE_MACHINE,
	  .help = "only for this virtual machine or container", .manual =
	  "The policy applies only to this virtual machine or container, which must be\n"
	  "running; the same as\n"
	  ".Fl -cgroup\n"
	  "with its cgroup.\n"
	  "After a restart the machine has another cgroup, so load the policy again.\n" },
	{ 0, "audit", NULL, OPT_FLAG(struct options, audit),
	  .commands = SETTINGS | COMMAND(APPLY) | COMMAND(DIFF),
	  .help = "count and report refusals, but refuse nothing", .manual =
	  "Count and report the calls that the policy would refuse, but refuse none.\n" },
	{ 0, "eject", NULL, OPT_FLAG(struct options, eject), .commands = SETTINGS,
	  .help = "if it is too slow, audit from then on", .manual =
	  "When a decision takes longer than the budget of the policy, the driver puts the\n"
	  "policy into audit mode, so that it refuses no call any more, until it is\n"
	  "replaced or loaded again.\n"
	  "Without this option the driver refuses each such call, because otherwise a\n"
	  "process that can make the policy slow gets rid of it.\n" },
	{ 0, "force", NULL, OPT_FLAG(struct options, force),
	  .commands = SETTINGS | COMMAND(APPLY) | COMMAND(DIFF) | COMMAND(SET),
	  .help = "also rules that refuse all calls of root", .manual =
	  "Accept rules that refuse all calls of a hook, also those of root.\n" },
	{ 0, "force", NULL, OPT_FLAG(struct options, overwrite), .commands = COMMAND(NEW),
	  .help = "overwrite files that exist", .manual =
	  "With new: overwrite files that exist.\n" },
	{ 0, "rules", NULL, OPT_FLAG(struct options, rules), .commands = COMMAND(NEW),
	  .help = "a rule file, with cases to test it", .manual =
	  "Write a rule file and a file of cases instead of a BPF program.\n" },
	{ 0, "enforce", NULL, OPT_FLAG(struct options, enforce), .commands = COMMAND(REPLACE),
	  .help = "refuse, even if the old policy only audits", .manual =
	  "Enforce the decisions of the policy, even if the old policy is in audit mode.\n" },
	{ 0, "no-inherit", NULL, OPT_FLAG(struct options, no_inherit), .commands = COMMAND(REPLACE),
	  .help = "take over no setting of the old policy", .manual =
	  "Take over no scope, priority, mode or parameter of the old policy: settings\n"
	  "without an option are those of the file.\n" },
	{ 0, "keep-maps", NULL, OPT_FLAG(struct options, keep_maps), .commands = COMMAND(REPLACE),
	  .help = "take over maps of the same name", .manual =
	  "The new policy takes over the maps of the old one that have the same names,\n"
	  "with their content: lists of devices, limits.\n"
	  "The command fails if such a map has another type, size or flags, or if the new\n"
	  "policy lacks a map of the old one that\n"
	  ".Fl -drop\n"
	  "does not name.\n"
	  "The output lists the maps that are kept, dropped and new.\n"
	  "Variables of the programs are not kept.\n" },
	{ 0, "drop", "MAP", OPT_CUSTOM(parse_drop), .commands = COMMAND(REPLACE),
	  .help = "do without this map; can be given several times", .manual =
	  "With\n"
	  ".Fl -keep-maps :\n"
	  "the new policy may lack this map of the old one, whose content is then lost; can\n"
	  "be given several times.\n" },
	{ 0, "dry-run", NULL, OPT_FLAG(struct options, dry_run), .commands = COMMAND(APPLY),
	  .help = "only show the changes", .manual =
	  "Show the changes, and make none.\n"
	  "The command loads the policies for a moment, to find errors in them, but does\n"
	  "not attach them.\n" },
	{ 0, "cases", "FILE", OPT_FILE(struct options, cases), .commands = COMMAND(TEST),
	  .help = "requests with the verdicts they shall get", .manual =
	  "Decide the requests in a file of cases, and compare the verdicts with those that\n"
	  "the file expects; see\n"
	  ".Xr iopolicy-rules 5 .\n" },
	{ 0, "replay", "RECORDING", OPT_FILE(struct options, replay), .commands = COMMAND(TEST),
	  .help = "what would have been refused in a recording", .manual =
	  "Decide the requests in a recording of\n"
	  ".Xr iosnoop 8 ,\n"
	  "a file or a folder, and show the effect that each rule would have had; see\n"
	  ".Xr iopolicy-rules 5 .\n"
	  "For a policy in BPF, show its verdicts at each hook; see TESTING in\n"
	  ".Xr iommufd-policy 7 .\n" },
	{ 0, "entry", "MAP:KEY=VALUE", OPT_CUSTOM(parse_entry), .commands = COMMAND(TEST),
	  .help = "put an entry into a map; can be given several times", .manual =
	  "Put an entry into a map of a policy in BPF before the test; can be given several\n"
	  "times.\n"
	  "It is written as for the command\n"
	  ".Cm map ,\n"
	  "see\n"
	  ".Sx ENTRIES OF MAPS .\n" },
	{ 0, "confirm", "TIME", OPT_SECONDS(struct options, confirm_ns, NS_PER_SEC,
					    86400 * NS_PER_SEC),
	  .commands = COMMAND(APPLY),
	  .help = "go back unless confirmed within this time", .manual =
	  "Wait for\n"
	  ".Nm\n"
	  ".Cm confirm ,\n"
	  "from 1 s to 1 day.\n"
	  "Without it, or after a signal, the command restores the former policies, with\n"
	  "the contents of their maps, and exits with status 1.\n"
	  "Do not kill it with SIGKILL, because then nothing restores them.\n" },
	{ 'a', "all", NULL, OPT_FLAG(struct options, all), .commands = COMMAND(UNLOAD),
	  .help = "all pinned policies", .manual =
	  "With unload: all pinned policies.\n" },
	{ 'a', "all", NULL, OPT_FLAG(struct options, all), .commands = COMMAND(RUN),
	  .help = "every verdict, not only refusals", .manual =
	  "With run: every verdict, not only refusals.\n" },
	{ 'a', "all", NULL, OPT_FLAG(struct options, all), .commands = COMMAND(TEST),
	  .help = "with --replay: also each refusal", .manual =
	  "With test and\n"
	  ".Fl -replay :\n"
	  "also a line for each request that the policy would have refused.\n" },
	{ 'w', "wide", NULL, OPT_FLAG(struct options, wide), .commands = COMMAND(LIST),
	  .help = "a line for each hook, with its counts", .manual =
	  "A line for each hook of a policy, with its counts.\n" },
	{ 0, "cost", "TIME", OPT_SECONDS(struct options, cost_ns, NS_PER_SEC / 10,
					 86400 * NS_PER_SEC),
	  .commands = COMMAND(LIST),
	  .help = "measure for this time how long the policies take", .manual =
	  "Measure the time of each policy at each hook, for 100 ms to 1 day or until\n"
	  "Ctrl-C; see\n"
	  ".Sx COST OF POLICIES .\n" },
	{ 'j', "json", NULL, OPT_FLAG(struct options, json), .commands = ALL_COMMANDS,
	  .help = "JSON lines", .manual =
	  "JSON lines, see\n"
	  ".Sx JSON .\n" },
	{ 'v', "verbose", NULL, OPT_FLAG(struct options, verbose), .commands = ALL_COMMANDS,
	  .help = "the verifier's whole log, and libbpf's messages", .manual =
	  "Print the whole log of the verifier, and all messages of libbpf, to standard\n"
	  "error.\n" },
	{ 'V', "version", NULL, OPT_STOP(struct options, version), .commands = OPT_NO_COMMAND,
	  .help = "print the version and exit", .manual =
	  "Print the version and exit.\n" },
	{ 'h', "help", NULL, OPT_STOP(struct options, help),
	  .help = "print this help and exit", .manual =
	  "Print the commands, or the options of a command, and exit.\n" },
};

static const struct opt_command commands[NR_CMDS] = {
	[CMD_LOAD] = { "load", "FILE", OPT_VALUE_POLICY_FILE, OPT_VALUE_POLICY_FILE,
	  .summary = "enforce a policy, and keep it loaded",
	  .help =
	  "Loads the policy in FILE, a BPF object file, attaches it, and pins the policy,\n"
	  "its maps and its programs in " STORE "/NAME. Either all of that\n"
	  "happens or nothing.\n",
	  .manual =
	  "Load the policy in\n"
	  ".Ar FILE ,\n"
	  "attach it, and pin it.\n"
	  "Either all of that happens or nothing.\n" },
	[CMD_UNLOAD] = { "unload", "NAME...", OPT_VALUE_POLICY_NAME, OPT_VALUE_POLICY_NAME,
	  .summary = "detach policies, and remove their pins",
	  .help =
	  "Detaches policies that iopolicy has loaded, and removes their pins.\n",
	  .manual =
	  "Detach policies, and remove their pins.\n"
	  "Once the command has ended, these policies decide no further call.\n"
	  "It does not unload a policy that another process holds instead of a pin, but\n"
	  "names that process.\n" },
	[CMD_REPLACE] = { "replace", "NAME FILE", OPT_VALUE_POLICY_NAME, OPT_VALUE_POLICY_FILE,
	  .summary = "replace a policy by another one",
	  .help =
	  "Replaces the policy called NAME by the one in FILE, which gets that name. One\n"
	  "of the two decides each call; if the command fails, the old one stays. Scope,\n"
	  "priority, mode and parameters of the old one are kept where no option sets them.\n",
	  .manual =
	  "Replace the policy called\n"
	  ".Ar NAME\n"
	  "by the one in\n"
	  ".Ar FILE ,\n"
	  "which gets that name.\n"
	  "Either the old or the new policy decides each call; there is no moment without\n"
	  "both.\n"
	  "The new policy takes over the scope, the priority, the audit mode and the\n"
	  "parameters of the old one, where no option sets them; the output lists the\n"
	  "changes.\n"
	  "The new policy continues the counts of the old one, but has maps of its own,\n"
	  "unless\n"
	  ".Fl -keep-maps\n"
	  "is given.\n"
	  "If the kernel rejects the new policy, the old one stays.\n" },
	[CMD_LIST] = { "list", "", OPT_VALUE_ANY, OPT_VALUE_ANY,
	  .summary = "show the loaded policies",
	  .help =
	  "Shows the loaded policies, in the order in which they run, and stale pins.\n",
	  .manual =
	  "Show the loaded policies, in the order in which they run, as the kernel has\n"
	  "them, and pins without a policy.\n" },
	[CMD_INSPECT] = { "inspect", "FILE", OPT_VALUE_POLICY_FILE, OPT_VALUE_POLICY_FILE,
	  .summary = "show the hooks, parameters and maps in a file",
	  .help =
	  "Shows hooks, parameters and maps of the policy in FILE. Needs no privileges.\n",
	  .manual =
	  "Show the name of the policy in a file, its hooks and whether they may sleep,\n"
	  "its parameters and its maps.\n"
	  "This needs neither privileges nor the kernel.\n" },
	[CMD_VERIFY] = { "verify", "FILE", OPT_VALUE_POLICY_FILE, OPT_VALUE_POLICY_FILE,
	  .summary = "check whether the kernel accepts a policy",
	  .help =
	  "Loads the policy in FILE without attaching it. Prints ok, or the reason why the\n"
	  "verifier refuses it.\n",
	  .manual =
	  "Load a policy without attaching it.\n"
	  "Print ok, or the verifier's reason for a refusal.\n" },
	[CMD_RUN] = { "run", "FILE", OPT_VALUE_POLICY_FILE, OPT_VALUE_POLICY_FILE,
	  .summary = "try a policy, and watch it",
	  .help =
	  "Enforces the policy in FILE until Ctrl-C, and prints its refusals.\n",
	  .manual =
	  "Attach a policy without pinning it, and print a line for each refusal, until\n"
	  "Ctrl-C.\n"
	  "However the command ends, the policy ends with it.\n" },
	[CMD_CLEAN] = { "clean", "", OPT_VALUE_ANY, OPT_VALUE_ANY,
	  .summary = "remove leftovers that have no effect",
	  .help =
	  "Removes leftovers of killed commands in " STORE ", policies\n"
	  "whose cgroup was removed, and maps that a policy had pinned by their names and\n"
	  "that no program uses.\n",
	  .manual =
	  "Remove leftovers that have no effect: those of killed commands, which are pins\n"
	  "without a loaded policy and the traces of an incomplete\n"
	  ".Cm replace ;\n"
	  "policies whose cgroup was removed; and maps that policies had pinned by their\n"
	  "names, if no program uses them, with their content.\n" },
	[CMD_APPLY] = { "apply", "[PATH]", OPT_VALUE_FILE, OPT_VALUE_FILE,
	  .summary = "put a rule file, or a folder's policies, in force",
	  .help =
	  "Puts the rule file PATH, NAME.rules, in force, or makes the pinned policies\n"
	  "equal to those of a folder of policy and rule files, by default\n"
	  FOLDER_DEFAULT ": loads, replaces and unloads those that differ.\n"
	  "Either all of that happens or nothing.\n",
	  .manual =
	  "If\n"
	  ".Ar PATH\n"
	  "is a rule file, NAME.rules, put its rules in force as policy NAME, and leave\n"
	  "other policies alone; see\n"
	  ".Xr iopolicy-rules 5 .\n"
	  "Otherwise make the pinned policies equal to those that the files of a folder\n"
	  "describe; see\n"
	  ".Sx POLICY FILES .\n"
	  "The default folder is\n"
	  ".Pa " FOLDER_DEFAULT " .\n"
	  "The command unloads policies that the folder does not have, replaces those that\n"
	  "differ, and leaves the others alone, with their maps and counts.\n"
	  "Either all of that happens or nothing.\n"
	  "It ignores policies that a process holds instead of a pin.\n" },
	[CMD_CONFIRM] = { "confirm", "", OPT_VALUE_ANY, OPT_VALUE_ANY,
	  .summary = "keep the policies of apply --confirm",
	  .help =
	  "Keeps the policies of an apply that waits for a confirmation.\n",
	  .manual =
	  "Keep the policies of an\n"
	  ".Cm apply\n"
	  "that waits for a confirmation.\n" },
	[CMD_TEST] = { "test", "FILE", OPT_VALUE_FILE, OPT_VALUE_FILE,
	  .summary = "try a policy with cases or a recording",
	  .help =
	  "Checks the rule file FILE, and decides requests by it, with the code that\n"
	  "decides in the kernel. Needs no privileges, and changes nothing.\n"
	  "A policy in BPF, FILE.bpf.o, runs in the driver with the requests of cases or\n"
	  "of a recording. This needs root and the module; no call asks the policy.\n",
	  .manual =
	  "Check a rule file, and decide requests by it, with the code that decides in the\n"
	  "kernel.\n"
	  "This needs neither privileges nor the kernel.\n"
	  "The programs of a policy in BPF run in the driver, with the requests of\n"
	  ".Fl -cases\n"
	  "or\n"
	  ".Fl -replay ;\n"
	  "no call asks the policy, and it ends with the command.\n"
	  "This needs root and the module; see TESTING in\n"
	  ".Xr iommufd-policy 7 .\n"
	  "If a case has another verdict than it expects, the exit status is 1.\n" },
	[CMD_SET] = { "set", "NAME PARAMETER=VALUE...", OPT_VALUE_POLICY_NAME, OPT_VALUE_ANY,
	  .summary = "change parameters of rules in force",
	  .help =
	  "Changes parameters of the rules of policy NAME, without their file. The old or\n"
	  "the new rules decide each call.\n",
	  .manual =
	  "Change parameters of rules in force.\n"
	  "The command does not need their file, because the kernel has their text.\n"
	  "Either the old or the new rules decide each call.\n" },
	[CMD_MAP] = { "map", "NAME [MAP]", OPT_VALUE_POLICY_NAME, OPT_VALUE_ANY,
	  .summary = "list and change entries of maps",
	  .help =
	  "  map NAME                          lists the maps of a policy\n"
	  "  map NAME MAP                      lists the entries of a map\n"
	  "  map NAME MAP set KEY=VALUE...     sets entries\n"
	  "  map NAME MAP delete KEY...        deletes entries\n"
	  "Keys and values are written as they are listed: paths of cgroups, names of\n"
	  "users, PCI addresses, 4G. Parts of a key or value have commas between them.\n",
	  .manual =
	  "List and change the entries of a policy's maps.\n"
	  ".Cm map\n"
	  ".Ar NAME\n"
	  "lists the maps, and\n"
	  ".Cm map\n"
	  ".Ar NAME MAP\n"
	  "the entries of a map.\n"
	  "The words\n"
	  ".Cm set\n"
	  ".Ar KEY Ns = Ns Ar VALUE ...\n"
	  "and\n"
	  ".Cm delete\n"
	  ".Ar KEY ...\n"
	  "after the name of the map change entries; the policy uses them from the next\n"
	  "call on.\n"
	  "See\n"
	  ".Sx ENTRIES OF MAPS .\n" },
	[CMD_DIFF] = { "diff", "[PATH]", OPT_VALUE_FILE, OPT_VALUE_FILE,
	  .summary = "compare files with the policies in force",
	  .help =
	  "Compares the rule file PATH, a policy file, or those of a folder, by default\n"
	  FOLDER_DEFAULT ", with the policies in force, and shows what apply would\n"
	  "change. Exits with 1 if something differs.\n",
	  .manual =
	  "Compare a rule file, a policy file, or those of a folder, with the policies in\n"
	  "force, and show what\n"
	  ".Cm apply\n"
	  "would change, as with\n"
	  ".Fl -dry-run .\n"
	  "If something differs, the exit status is 1.\n" },
	[CMD_WHY] = { "why", "[PID|ERROR]", OPT_VALUE_ANY, OPT_VALUE_ANY,
	  .summary = "show the last refusals, with policy and rule",
	  .help =
	  "Shows the last refusals of all policies, the newest first: of a process, of an\n"
	  "error like EPERM, or all.\n",
	  .manual =
	  "Show the last refusals of all policies, the newest first: those of a process, by\n"
	  "its number, those with an error, by its name, or all.\n"
	  "They come from the driver's history (see\n"
	  ".Xr iommufd-policy 7 ) ,\n"
	  "which includes unloaded policies, and from the last 256 that each rule file\n"
	  "keeps\n"
	  "for its rules in mode audit.\n"
	  "An older module has only the last one of each policy.\n"
	  "If there is none, the exit status is 1.\n" },
	[CMD_SEAL] = { "seal", "NAME...", OPT_VALUE_POLICY_NAME, OPT_VALUE_POLICY_NAME,
	  .summary = "keep policies until the machine is rebooted",
	  .help =
	  "Seals loaded policies: until the machine is rebooted, they cannot be replaced or\n"
	  "unloaded. This cannot be undone.\n",
	  .manual =
	  "Seal loaded policies: until the machine is rebooted, they can be neither\n"
	  "replaced nor unloaded, and removing their pins does not end them.\n"
	  "This cannot be undone; see\n"
	  ".Sx SEALED AND REQUIRED POLICIES .\n" },
	[CMD_SHOW] = { "show", "NAME", OPT_VALUE_POLICY_NAME, OPT_VALUE_POLICY_NAME,
	  .summary = "show a policy, with its parameters and rules",
	  .help =
	  "Shows a pinned policy: its settings, parameters, maps and programs, and of a\n"
	  "rule file each rule with its counts and its last reason.\n",
	  .manual =
	  "Show a pinned policy as the kernel has it: settings, parameters, maps, and\n"
	  "programs with a hash of their instructions; of a rule file also each rule with\n"
	  "its counts and its last reason.\n" },
	[CMD_NEW] = { "new", "NAME", OPT_VALUE_ANY, OPT_VALUE_ANY,
	  .summary = "write a template of a policy",
	  .help =
	  "Writes a template of the policy NAME into this folder: NAME.bpf.c, or with\n"
	  "--rules NAME.rules and NAME.cases. Prints the next command.\n",
	  .manual =
	  "Write a template of a policy into the current folder, and print the command that\n"
	  "compiles it:\n"
	  ".Ar NAME Ns Pa .bpf.c ,\n"
	  "see\n"
	  ".Xr iommufd-policy 7 ;\n"
	  "or with\n"
	  ".Fl -rules\n"
	  "a rule file,\n"
	  ".Ar NAME Ns Pa .rules ,\n"
	  "and\n"
	  ".Ar NAME Ns Pa .cases ,\n"
	  "and print the command that tests it.\n"
	  "The template is a working policy: a limit of the memory that a user pins.\n"
	  "The command does not overwrite files.\n" },
};

/* The operands that a command takes. */
enum operands {
	NONE, FILE_ONLY, NAMES, NAME_ONLY, NEW_NAME, NAME_AND_FILE, NAME_AND_SETS, NAME_AND_MAP,
	FOLDER
};

static const enum operands operands_of[NR_CMDS] = {
	[CMD_LOAD] = FILE_ONLY,
	[CMD_UNLOAD] = NAMES,
	[CMD_REPLACE] = NAME_AND_FILE,
	[CMD_LIST] = NONE,
	[CMD_INSPECT] = FILE_ONLY,
	[CMD_VERIFY] = FILE_ONLY,
	[CMD_RUN] = FILE_ONLY,
	[CMD_CLEAN] = NONE,
	[CMD_APPLY] = FOLDER,
	[CMD_CONFIRM] = NONE,
	[CMD_TEST] = FILE_ONLY,
	[CMD_SHOW] = NAME_ONLY,
	[CMD_SET] = NAME_AND_SETS,
	[CMD_MAP] = NAME_AND_MAP,
	[CMD_DIFF] = FOLDER,
	[CMD_WHY] = FOLDER,
	[CMD_SEAL] = NAMES,
	[CMD_NEW] = NEW_NAME,
};

/* clang-format on */

const struct opt_table option_table = {
	.tool = "iopolicy",
	.opts = opts,
	.nr_opts = sizeof(opts) / sizeof(opts[0]),
	.commands = commands,
	.nr_commands = NR_CMDS,
};

static __u32 command_bit(const struct options *options)
{
	return options->has_command ? OPT_COMMAND(options->command) : OPT_NO_COMMAND;
}

static int add_map_operand(struct options *options, const char *arg)
{
	static const char *const actions[] = { "list", "set", "delete" };
	unsigned int i;

	if (!options->map) {
		options->map = arg;
		return 0;
	}
	if (!options->has_action) {
		for (i = 0; i < 3; i++)
			if (!strcmp(arg, actions[i])) {
				options->action = i;
				options->has_action = true;
				return 0;
			}
		msg("map: found '%s', expected list, set or delete", arg);
		return -EINVAL;
	}
	if (options->action == MAP_LIST) {
		msg("unexpected operand '%s'; see iopolicy map --help", arg);
		return -EINVAL;
	}
	if (options->nr_entries == MAX_ENTRIES) {
		msg("more than %d entries given; set the others with another command", MAX_ENTRIES);
		return -EINVAL;
	}
	options->entries[options->nr_entries++] = arg;
	return 0;
}

static int add_operand(void *target, const char *arg)
{
	struct options *options = target;
	enum operands takes = operands_of[options->command];

	if (takes == NAMES && options->nr_names == MAX_NAMES) {
		msg("more than %d names given", MAX_NAMES);
		return -EINVAL;
	}
	if (takes == NAME_AND_SETS && options->nr_names)
		return parse_set(NULL, options, arg);
	if (takes == NAME_AND_MAP && options->nr_names)
		return add_map_operand(options, arg);
	if (takes == NAMES || (takes >= NAME_ONLY && takes <= NAME_AND_MAP && !options->nr_names)) {
		if (!policy_name__is_valid(arg)) {
			msg("'%s' is not a valid policy name; %s", arg,
			    takes == NEW_NAME ? NAME_RULE : "iopolicy list shows the names");
			return -EINVAL;
		}
		options->names[options->nr_names++] = arg;
		return 0;
	}
	if (takes == NONE || takes == NAME_ONLY || takes == NEW_NAME || options->file) {
		msg("unexpected operand '%s'; see iopolicy %s --help", arg,
		    commands[options->command].name);
		return -EINVAL;
	}
	options->file = arg;
	return 0;
}

static int check_operands(const struct options *options)
{
	const char *name = commands[options->command].name;

	switch (operands_of[options->command]) {
	case NONE:
	case FOLDER:
		return 0;
	case NAMES:
		if (options->all && options->nr_names) {
			msg("%s: names and --all exclude each other; give one of them", name);
			return -EINVAL;
		}
		if (options->all || options->nr_names)
			return 0;
		msg("%s: no policy given; give a name, or --all; iopolicy list shows the names",
		    name);
		return -EINVAL;
	case NAME_AND_MAP:
		if (options->nr_names && options->has_action && options->action != MAP_LIST &&
		    !options->nr_entries) {
			msg("map: no entry given; give %s",
			    options->action == MAP_SET ? "KEY=VALUE" : "KEY");
			return -EINVAL;
		}
		if (options->nr_names)
			return 0;
		msg("%s: no policy given; iopolicy list shows the names", name);
		return -EINVAL;
	case NAME_AND_SETS:
		if (options->nr_names && !options->nr_sets) {
			msg("%s: no parameter given; give NAME=VALUE; iopolicy show NAME has them",
			    name);
			return -EINVAL;
		}
		/* fall through */
	case NAME_ONLY:
		if (options->nr_names)
			return 0;
		msg("%s: no policy given; iopolicy list shows the names", name);
		return -EINVAL;
	case NEW_NAME:
		if (options->nr_names)
			return 0;
		msg("%s: no name given; give that of the new policy", name);
		return -EINVAL;
	case NAME_AND_FILE:
		if (!options->nr_names) {
			msg("%s: no policy given; give its name, and the file of the new one",
			    name);
			return -EINVAL;
		}
		/* fall through */
	case FILE_ONLY:
		if (options->file)
			return 0;
	}
	msg("%s: no file given; give a compiled policy, NAME.bpf.o", name);
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
	msg("unknown command '%s'; see iopolicy --help", name);
	return -EINVAL;
}

int options__parse(struct options *options, int argc, char **argv)
{
	int err;

	memset(options, 0, sizeof(*options));
	if (argc > 1 && argv[1][0] != '-') {
		err = find_command(options, argv[1]);
		if (err)
			return err;
		argc--;
		argv++;
	}
	err = opt__parse(&option_table, command_bit(options), argc, argv, options,
			 options->has_command ? add_operand : NULL);
	if (err)
		return err < 0 ? err : 0; /* 1: main() prints the help or the version */
	if (!options->has_command) {
		msg("no command given; see iopolicy --help");
		return -EINVAL;
	}
	if (options->command == CMD_TEST && options->all && !options->replay) {
		msg("test: --all is only for --replay");
		return -EINVAL;
	}
	if (options->cost_ns && options->wide) {
		msg("list: --wide and --cost exclude each other; give one of them");
		return -EINVAL;
	}
	if (options->nr_drops && !options->keep_maps) {
		msg("--drop: only with --keep-maps; without it, no map is kept");
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
		printf("  %-8s %-11s %s\n", commands[i].name, commands[i].operands,
		       commands[i].summary);
	printf("\n");
}

void options__print_help(const struct options *options)
{
	const struct opt_command *command = &commands[options->command];

	if (options->has_command)
		printf("Usage: iopolicy %s [options]%s%s\n\n%s\n", command->name,
		       command->operands[0] ? " " : "", command->operands, command->help);
	else
		print_general_help();
	opt__print(&option_table, command_bit(options), stdout);
	if (!options->has_command)
		printf("\niopolicy COMMAND --help lists the options of a command. "
		       "See iopolicy(8).\n");
}
