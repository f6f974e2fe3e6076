// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completion for zsh: arguments of _arguments, for each command if there are some.
 */
#include <stdio.h>
#include <string.h>

#include "optgen.h"

/* The part of a specification behind the description: ":message:action". */
static void print_value(const struct opt_table *table, enum opt_value value, const char *message,
			const struct opt *opt)
{
	printf(":%s:", message);
	switch (value) {
	case OPT_VALUE_ANY:
		break;
	case OPT_VALUE_FILE:
		printf("_files");
		break;
	case OPT_VALUE_PROCESS:
		printf("_pids");
		break;
	case OPT_VALUE_USER:
		printf("_users");
		break;
	case OPT_VALUE_CGROUP:
		printf("_files -W /sys/fs/cgroup -/");
		break;
	case OPT_VALUE_MACHINE:
		printf("_%s_machines", table->tool);
		break;
	case OPT_VALUE_PCI_DEVICE:
		printf("_%s_devices", table->tool);
		break;
	case OPT_VALUE_WORD:
		printf("(");
		words__print(opt);
		printf(")");
		break;
	case OPT_VALUE_LIST:
		printf(" _values -s , %s ", opt->name);
		words__print(opt);
		break;
	case OPT_VALUE_POLICY_FILE:
		printf("_files -g \"*.o\"");
		break;
	case OPT_VALUE_POLICY_NAME:
		printf("_%s_policies", table->tool);
		break;
	}
}

static void print_description(const char *help)
{
	/* In a specification brackets and colons have a meaning; quotes would end the word. */
	printf("[");
	for (; *help; help++) {
		if (*help == '\'')
			printf("'\\'");
		else if (strchr("[]:\\", *help))
			putchar('\\');
		putchar(*help);
	}
	printf("]");
}

static void print_option(const struct opt_table *table, const struct opt *opt)
{
	if (opt->letter)
		printf("'(-%c --%s)'{-%c,--%s}'", opt->letter, opt->name, opt->letter, opt->name);
	else
		printf("'--%s", opt->name);
	print_description(opt->help);
	if (opt->arg)
		print_value(table, opt->value, opt->arg, opt);
	printf("'");
}

static void print_options(const struct opt_table *table, __u32 command, const char *indent)
{
	unsigned int i;

	for (i = 0; i < table->nr_opts; i++)
		if (opt__is_in(&table->opts[i], command)) {
			printf(" \\\n%s", indent);
			print_option(table, &table->opts[i]);
		}
}

static void print_operands(const struct opt_table *table, const struct opt_command *command)
{
	if (!command->operands[0])
		return;
	if (command->first_value != command->next_value) {
		printf(" \\\n\t\t\t'2");
		print_value(table, command->first_value, "operand", NULL);
		printf("'");
	}
	printf(" \\\n\t\t\t'*");
	print_value(table, command->next_value, "operand", NULL);
	printf("'");
}

static void print_commands(const struct opt_table *table)
{
	unsigned int i;

	printf("_%s() {\n\tlocal -a commands\n\tcommands=(\n", table->tool);
	for (i = 0; i < table->nr_commands; i++)
		printf("\t\t'%s:%s'\n", table->commands[i].name, table->commands[i].summary);
	printf("\t)\n\tif ((CURRENT == 2)); then\n\t\t_describe command commands\n\t\t_arguments");
	print_options(table, OPT_NO_COMMAND, "\t\t\t");
	printf("\n\t\treturn\n\tfi\n\tcase $words[2] in\n");
	for (i = 0; i < table->nr_commands; i++) {
		printf("\t%s)\n\t\t_arguments", table->commands[i].name);
		print_options(table, OPT_COMMAND(i), "\t\t\t");
		print_operands(table, &table->commands[i]);
		printf(" ;;\n");
	}
	printf("\tesac\n}\n\n_%s \"$@\"\n", table->tool);
}

void zsh__print(const struct opt_table *table)
{
	printf("#compdef %s\n"
	       "# SPDX-License-Identifier: GPL-2.0-only\n"
	       "# Completion of %s(8) for zsh, made by tools/optgen.\n\n"
	       "_%s_devices() {\n"
	       "\tlocal -a names\n"
	       "\tnames=(/sys/bus/pci/devices/*(N:t))\n"
	       "\tcompadd -- $names\n"
	       "}\n\n"
	       "_%s_machines() {\n"
	       "\tlocal -a names\n"
	       "\tnames=(/sys/fs/cgroup/machine.slice/machine-*.scope(N:t:r))\n"
	       "\tnames=(${${(g::)names}#machine-})\n"
	       "\tcompadd -- ${names/#(qemu|lxc)-<->-/}\n"
	       "}\n\n",
	       table->tool, table->tool, table->tool, table->tool);
	if (!table->nr_commands) {
		printf("_arguments -s");
		print_options(table, OPT_NO_COMMAND, "\t");
		printf("\n");
		return;
	}
	printf("_%s_policies() {\n"
	       "\tlocal -a names\n"
	       "\tnames=(/sys/fs/bpf/iommufd/*(N/:t))\n"
	       "\t# A comma in the name of a folder stands for a dot.\n"
	       "\tcompadd -- ${names//,/.}\n"
	       "}\n\n",
	       table->tool);
	print_commands(table);
}
