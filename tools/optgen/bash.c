// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completion for bash: a function that looks at the word before the cursor's, which may be an
 * option that takes a value, and else offers options or operands.
 */
#include <stdio.h>
#include <string.h>

#include "optgen.h"

/* The commands after a case pattern, which set words or COMPREPLY. */
static void print_value(enum opt_value value, const struct opt *opt)
{
	switch (value) {
	case OPT_VALUE_ANY:
		printf("\t\treturn ;;\n");
		break;
	case OPT_VALUE_FILE:
		printf("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n");
		break;
	case OPT_VALUE_PROCESS:
		printf("\t\twords=$(cd /proc && echo [0-9]*) ;;\n");
		break;
	case OPT_VALUE_USER:
		printf("\t\tmapfile -t COMPREPLY < <(compgen -u -- \"$cur\"); return ;;\n");
		break;
	case OPT_VALUE_CGROUP:
		printf("\t\tmapfile -t COMPREPLY < <(compgen -d -- \"${cur:-/sys/fs/cgroup/}\")\n"
		       "\t\treturn ;;\n");
		break;
	case OPT_VALUE_MACHINE:
		/* printf undoes the escapes of systemd, \\x2d for a dash. */
		printf("\t\twords=$(cd /sys/fs/cgroup/machine.slice 2>/dev/null &&\n"
		       "\t\t\tprintf '%%b\\n' $(compgen -G 'machine-*.scope') |\n"
		       "\t\t\tsed -E 's/^machine-((qemu|lxc)-[0-9]+-)?//; s/\\.scope$//') ;;\n");
		break;
	case OPT_VALUE_PCI_DEVICE:
		printf("\t\twords=$(cd /sys/bus/pci/devices 2>/dev/null && echo *) ;;\n");
		break;
	case OPT_VALUE_WORD:
	case OPT_VALUE_LIST:
		printf("\t\twords='");
		words__print(opt);
		printf("'%s ;;\n", value == OPT_VALUE_LIST ? " is_list=1" : "");
		break;
	case OPT_VALUE_POLICY_FILE:
		printf("\t\tmapfile -t COMPREPLY < <(compgen -d -S / -- \"$cur\"\n"
		       "\t\t\tcompgen -f -X '!*.o' -- \"$cur\")\n"
		       "\t\treturn ;;\n");
		break;
	case OPT_VALUE_POLICY_NAME:
		/* A comma in the name of the folder stands for a dot. */
		printf("\t\twords=$(cd /sys/fs/bpf/iommufd 2>/dev/null && compgen -d |\n"
		       "\t\t\ttr , .) ;;\n");
		break;
	}
}

static void print_option_values(const struct opt_table *table)
{
	unsigned int i;

	printf("\tcase $prev in\n");
	for (i = 0; i < table->nr_opts; i++) {
		const struct opt *opt = &table->opts[i];

		if (!opt->arg)
			continue;
		if (opt->letter)
			printf("\t-%c|--%s)\n", opt->letter, opt->name);
		else
			printf("\t--%s)\n", opt->name);
		print_value(opt->value, opt);
	}
	printf("\tesac\n");
}

static void print_options(const struct opt_table *table, __u32 command)
{
	unsigned int i;

	printf("options='");
	for (i = 0; i < table->nr_opts; i++)
		if (opt__is_in(&table->opts[i], command))
			printf("--%s ", table->opts[i].name);
	printf("'");
}

static void print_operands(const struct opt_command *command)
{
	if (!command->operands[0])
		return;
	if (command->first_value != command->next_value) {
		printf("\t%s2)\n", command->name);
		print_value(command->first_value, NULL);
	}
	printf("\t%s*)\n", command->name);
	print_value(command->next_value, NULL);
}

void bash__print(const struct opt_table *table)
{
	unsigned int i;

	printf("# SPDX-License-Identifier: GPL-2.0-only\n"
	       "# Completion of %s(8) for bash, made by tools/optgen.\n"
	       "# shellcheck shell=bash\n\n"
	       "_%s() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal options words='' is_list='' head=''\n\n"
	       "\tCOMPREPLY=()\n",
	       table->tool, table->tool);
	if (table->nr_commands) {
		printf("\tif ((COMP_CWORD == 1)); then\n\t\t");
		print_options(table, OPT_NO_COMMAND);
		printf("\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$options");
		for (i = 0; i < table->nr_commands; i++)
			printf(" %s", table->commands[i].name);
		printf("\" -- \"$cur\")\n\t\treturn\n\tfi\n");
		printf("\tcase ${COMP_WORDS[1]} in\n");
		for (i = 0; i < table->nr_commands; i++) {
			printf("\t%s) ", table->commands[i].name);
			print_options(table, OPT_COMMAND(i));
			printf(" ;;\n");
		}
		printf("\t*) return ;;\n\tesac\n");
	} else {
		printf("\t");
		print_options(table, OPT_NO_COMMAND);
		printf("\n");
	}
	print_option_values(table);
	printf("\tif [[ ! $words && $cur == -* ]]; then words=$options; fi\n");
	if (table->nr_commands) {
		printf("\tif [[ ! $words ]]; then\n"
		       "\tcase ${COMP_WORDS[1]}$COMP_CWORD in\n");
		for (i = 0; i < table->nr_commands; i++)
			print_operands(&table->commands[i]);
		printf("\tesac\n\tfi\n");
	}
	/* In a list, the words before the last comma stay. */
	printf("\tif [[ $is_list && $cur == *,* ]]; then head=${cur%%,*},; fi\n"
	       "\tmapfile -t COMPREPLY < <(compgen -P \"$head\" -W \"$words\" -- "
	       "\"${cur#\"$head\"}\")\n"
	       "}\n"
	       "complete -F _%s %s\n",
	       table->tool, table->tool);
}
