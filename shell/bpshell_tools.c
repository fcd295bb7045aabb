// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include "bpckpt.h"
#include "bpcp.h"
#include "bplib.h"
#include "bpmove.h"
#include "bpshell.h"
#include "bptop.h"

/*
 * Built-ins that are commands of their own, too: which, what stands in front, and what is
 * meant if nothing follows.
 */
static const struct {
	const char *name;
	int (*command)(int argc, char **argv);
	const char *command_name;
	const char *first;
	const char *alone; /* NULL: there has to be more */
} tools[] = {
	{ "cp", bpcp_command, "bpcp", NULL, NULL },
	{ "drain", bpmove_command, "bpmove", "--drain", NULL },
	{ "dump", bpckpt_command, "bpckpt", "dump", NULL },
	{ "lib", bplib_command, "bplib", NULL, "--list" },
	{ "move", bpmove_command, "bpmove", NULL, NULL },
	{ "top", bptop_command, "bptop", NULL, "all" },
	{ "undump", bpckpt_command, "bpckpt", "restore", NULL },
};

/* "@SET" as an argument is SET, but "@" alone, or in the midst, is what it is. */
static char *plain(char *word)
{
	return word + (word[0] == '@' && word[1]);
}

int bpshell_tool(struct bpshell *sh, int argc, char **argv)
{
	char **call = calloc((size_t)argc + 3, sizeof(*call));
	bool is_path = !strcmp(argv[0], "cp") || !strcmp(argv[0], "lib") ||
		       !strcmp(argv[0], "dump") || !strcmp(argv[0], "undump");
	int i, n = 0;
	size_t t = 0;

	(void)sh;
	if (!call)
		return 1;
	while (strcmp(tools[t].name, argv[0]))
		t++;
	if (argc == 1 && !tools[t].alone)
		return bpshell_usage(argv[0]);
	call[n++] = (char *)tools[t].command_name;
	if (tools[t].first)
		call[n++] = (char *)tools[t].first;
	for (i = 1; i < argc; i++)
		call[n++] = is_path ? argv[i] : plain(argv[i]);
	if (argc == 1)
		call[n++] = (char *)tools[t].alone;
	return tools[t].command(n, call);
}
