// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completion for fish: a "complete" command for each option, command and kind of operand.
 */
#include <stdio.h>
#include <string.h>

#include "optgen.h"

static void print_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

/* The flags of "complete" for a value. */
static void print_value(enum opt_value value, const struct opt *opt)
{
	switch (value) {
	case OPT_VALUE_ANY:
		printf(" -x");
		break;
	case OPT_VALUE_FILE:
		printf(" -r -F");
		break;
	case OPT_VALUE_PROCESS:
		printf(" -x -a '(__fish_complete_pids)'");
		break;
	case OPT_VALUE_USER:
		printf(" -x -a '(__fish_complete_users)'");
		break;
	case OPT_VALUE_CGROUP:
		printf(" -x -a '(__fish_complete_directories)'");
		break;
	case OPT_VALUE_MACHINE:
		printf(" -x -a '(printf \"%%b\\n\" "
		       "(path basename /sys/fs/cgroup/machine.slice/machine-*.scope) | "
		       "string replace -rf \"^machine-(?:(?:qemu|lxc)-\\d+-)?(.*).scope\" "
		       "\"\\$1\")'");
		break;
	case OPT_VALUE_PCI_DEVICE:
		printf(" -x -a '(path basename /sys/bus/pci/devices/*)'");
		break;
	case OPT_VALUE_WORD:
		printf(" -x -a '");
		words__print(opt);
		printf("'");
		break;
	case OPT_VALUE_LIST:
		printf(" -x -a '(__fish_append , ");
		words__print(opt);
		printf(")'");
		break;
	case OPT_VALUE_POLICY_FILE:
		printf(" -F");
		break;
	case OPT_VALUE_POLICY_NAME:
		/* A comma in the name of a folder stands for a dot. */
		printf(" -a '(path basename /sys/fs/bpf/iommufd/*/ | string replace -a , .)'");
		break;
	}
}

/* -n: only after one of these commands, or before any. */
static void print_condition(const struct opt_table *table, __u32 commands)
{
	unsigned int i;

	if (!commands)
		return;
	if (commands == OPT_NO_COMMAND) {
		printf(" -n __fish_use_subcommand");
		return;
	}
	printf(" -n '__fish_seen_subcommand_from");
	for (i = 0; i < table->nr_commands; i++)
		if (commands & OPT_COMMAND(i))
			printf(" %s", table->commands[i].name);
	printf("'");
}

static void print_option(const struct opt_table *table, const struct opt *opt)
{
	printf("complete -c %s", table->tool);
	print_condition(table, opt->commands);
	if (opt->letter)
		printf(" -s %c", opt->letter);
	printf(" -l %s", opt->name);
	if (opt->arg)
		print_value(opt->value, opt);
	printf(" -d ");
	print_quoted(opt->help);
	putchar('\n');
}

static void print_command(const struct opt_table *table, unsigned int index)
{
	const struct opt_command *command = &table->commands[index];

	printf("complete -c %s -n __fish_use_subcommand -a %s -d ", table->tool, command->name);
	print_quoted(command->summary);
	putchar('\n');
	if (!command->operands[0])
		return;
	printf("complete -c %s", table->tool);
	print_condition(table, OPT_COMMAND(index));
	print_value(command->first_value, NULL);
	putchar('\n');
	if (command->next_value == command->first_value)
		return;
	printf("complete -c %s", table->tool);
	print_condition(table, OPT_COMMAND(index));
	print_value(command->next_value, NULL);
	putchar('\n');
}

void fish__print(const struct opt_table *table)
{
	unsigned int i;

	printf("# SPDX-License-Identifier: GPL-2.0-only\n"
	       "# Completion of %s(8) for fish, made by tools/optgen.\n\n"
	       "complete -c %s -f\n",
	       table->tool, table->tool);
	for (i = 0; i < table->nr_commands; i++)
		print_command(table, i);
	for (i = 0; i < table->nr_opts; i++)
		if (table->opts[i].kind != OPT_KIND_SECTION)
			print_option(table, &table->opts[i]);
}
