// SPDX-License-Identifier: GPL-2.0-only
/*
 * optgen: completions and manual page from a tool's table of options, see optgen.h.
 *
 *	optgen bash|zsh|fish
 *	optgen man TEMPLATE
 */
#include <stdio.h>
#include <string.h>

#include "exitcode.h"
#include "msg.h"
#include "optgen.h"

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int err = 0;

	msg__set_tool("optgen");
	if (!strcmp(what, "bash"))
		bash__print(&option_table);
	else if (!strcmp(what, "zsh"))
		zsh__print(&option_table);
	else if (!strcmp(what, "fish"))
		fish__print(&option_table);
	else if (!strcmp(what, "man") && argc == 3)
		err = man__print(&option_table, argv[2]);
	else
		return EXITCODE_USAGE;
	return err || fflush(stdout) ? EXITCODE_FAILED : EXITCODE_OK;
}
