/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * optgen makes the completions and the manual page of a tool from its table of options. It is
 * linked with all objects of the tool but main.o, runs at build time, and is not installed. It uses
 * common/ and, by its name alone, the option_table of the tool.
 *
 *	bash.c, zsh.c, fish.c	completions for one shell each
 *	words.c			the words that complete a value
 *	man.c			fills in the template of the manual page
 */
#ifndef _OPTGEN_H
#define _OPTGEN_H

#include "opt.h"

void bash__print(const struct opt_table *table);
void zsh__print(const struct opt_table *table);
void fish__print(const struct opt_table *table);

/* Print the template with the generated sections. Returns 0, or -errno after a message. */
int man__print(const struct opt_table *table, const char *template);

/* Print the words that complete the value of an option, each once, with blanks between. */
void words__print(const struct opt *opt);

#endif /* _OPTGEN_H */
