/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Facts about a context, in words, for the screen and for text: lines of short phrases with
 * a label each. Phrases are clean. A line break is allowed between two phrases, not in one.
 */
#ifndef _IOMMUTOP_FACTS_H
#define _IOMMUTOP_FACTS_H

#include "model/model.h"

#define FACT_PHRASES 8
#define FACT_MAX 160
#define FACTS_MAX 7

struct fact {
	const char *label; /* "Memory" */
	unsigned int nr;
	char phrases[FACT_PHRASES][FACT_MAX];
};

struct facts {
	unsigned int nr;
	struct fact lines[FACTS_MAX];
};

/* node is the row of a context. utf8: keep characters beyond ASCII. */
void facts__of(struct facts *facts, const struct model *model, const struct model_node *node,
	       bool utf8);

#endif /* _IOMMUTOP_FACTS_H */
