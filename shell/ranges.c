// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include "ranges.h"

char *node_ranges(const int *node, int n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i, end;

	if (!f)
		return NULL;
	for (i = 0; i < n; i = end) {
		for (end = i + 1; end < n && node[end] <= node[end - 1] + 1; end++)
			;
		fprintf(f, "%s%d", i ? "," : "", node[i]);
		if (node[end - 1] != node[i])
			fprintf(f, "-%d", node[end - 1]);
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
