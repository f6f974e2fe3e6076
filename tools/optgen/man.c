// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manual page: a template in which a line ".\" @OPTIONS@" stands for the list of options, and
 * ".\" @COMMANDS@" for that of the commands.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errname.h"
#include "msg.h"
#include "optgen.h"

static void print_option(const struct opt *opt)
{
	printf(".It ");
	if (opt->letter)
		printf("Fl %c , ", opt->letter);
	printf("Fl -%s", opt->name);
	if (opt->arg)
		printf(" Ar %s", opt->arg);
	printf("\n%s", opt->manual);
}

/* An option may have an entry per command; then only the text of the first follows an .It line. */
static bool is_same(const struct opt *opt, const struct opt *previous)
{
	return previous && opt->name && previous->name && !strcmp(opt->name, previous->name);
}

static void print_options(const struct opt_table *table)
{
	const struct opt *previous = NULL;
	bool in_list = false;
	unsigned int i;

	for (i = 0; i < table->nr_opts; i++) {
		const struct opt *opt = &table->opts[i];

		if (opt->kind == OPT_KIND_SECTION) {
			printf("%s.Ss %s\n%s", in_list ? ".El\n" : "", opt->name,
			       opt->manual ? opt->manual : "");
			in_list = false;
			continue;
		}
		if (!in_list)
			printf(".Bl -tag -width Ds\n");
		in_list = true;
		if (is_same(opt, previous))
			printf("%s", opt->manual);
		else
			print_option(opt);
		previous = opt;
	}
	printf(".El\n");
}

static void print_commands(const struct opt_table *table)
{
	const char *operands;
	unsigned int i;

	printf(".Bl -tag -width Ds\n");
	for (i = 0; i < table->nr_commands; i++) {
		operands = table->commands[i].operands;
		printf(".It Cm %s", table->commands[i].name);
		if (*operands) {
			/* "NAME..." is an argument and dots. */
			size_t size = strcspn(operands, ".");

			printf(" Ar %.*s%s%s", (int)size, operands, operands[size] ? " " : "",
			       operands + size);
		}
		printf("\n%s", table->commands[i].manual);
	}
	printf(".El\n");
}

int man__print(const struct opt_table *table, const char *template)
{
	char error[ERRNAME_MAX];
	char *line = NULL;
	bool done = false;
	size_t size = 0;
	FILE *file;

	file = fopen(template, "re");
	if (!file) {
		msg("%s: cannot read the template: %s", template, errname(errno, error));
		return -EIO;
	}
	while (getline(&line, &size, file) > 0) {
		if (!strcmp(line, ".\\\" @OPTIONS@\n")) {
			print_options(table);
			done = true;
		} else if (!strcmp(line, ".\\\" @COMMANDS@\n")) {
			print_commands(table);
		} else {
			fputs(line, stdout);
		}
	}
	free(line);
	fclose(file);
	if (done)
		return 0;
	msg("%s: no line '.\\\" @OPTIONS@' in the template", template);
	return -EINVAL;
}
