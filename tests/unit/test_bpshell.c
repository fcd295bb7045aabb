// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../shell/bpctl.h"
#include "../../shell/bpsh.h"
#include "../../shell/bpshell.h"
#include "../../shell/bpshell_complete.h"
#include "../../shell/bpshell_lex.h"
#include "../../shell/bpshell_parse.h"
#include "../../shell/bpshell_word.h"
#include "../../shell/bpstat.h"
#include "../../shell/json.h"
#include "../../shell/ranges.h"
#include "../../shell/remote_proc.h"
#include "unit.h"

/* --- the parser --- */

/* What was understood: "[when][where set]word,word<fd file|...&;", "{list}" */
static char *describe(const struct bpshell_list *list, char *out)
{
	int i, j, k;

	for (i = 0; i < list->pipelines; i++) {
		const struct bpshell_pipeline *p = &list->pipeline[i];

		out += sprintf(out, "%s", i ? ";" : "");
		out += sprintf(out, "%s",
			       p->when == WHEN_SUCCESS	 ? "+"
			       : p->when == WHEN_FAILURE ? "-"
							 : "");
		for (j = 0; j < p->commands; j++) {
			const struct bpshell_command *c = &p->command[j];

			out += sprintf(out, "%s", j ? "|" : "");
			if (c->list)
				out = stpcpy(describe(c->list, stpcpy(out, "{")), "}");
			if (c->where == WHERE_NODES)
				out += sprintf(out, "@%s:", c->set);
			if (c->where == WHERE_HERE)
				out += sprintf(out, "!:");
			for (k = 0; k < c->words; k++)
				out += sprintf(out, "%s%s", k ? "," : "", c->word[k]);
			for (k = 0; k < c->redirects; k++) {
				const struct bpshell_redirect *r = &c->redirect[k];

				if (!r->target)
					out += sprintf(out, " %d=%d", r->fd, r->from);
				else
					out += sprintf(out, " %d%s%s", r->fd,
						       r->flags == O_RDONLY  ? "<"
						       : r->flags & O_APPEND ? ">>"
									     : ">",
						       r->target);
			}
		}
		out += sprintf(out, "%s", p->background ? "&" : "");
	}
	*out = 0;
	return out;
}

static void means(const char *text, const char *expected)
{
	struct bpshell_list list;
	char error[80] = "", got[512];
	enum bpshell_parsed parsed = bpshell_parse(&list, text, error, sizeof(error));

	ck_assert_msg(parsed == PARSED, "'%s': %s", text,
		      parsed == PARSED_MORE ? "more" : error);
	describe(&list, got);
	ck_assert_msg(!strcmp(got, expected), "'%s' means %s, not %s", text, got,
		      expected);
	bpshell_list_free(&list);
}

static void is_wrong(const char *text, const char *why)
{
	struct bpshell_list list;
	char error[80] = "";

	ck_assert_msg(bpshell_parse(&list, text, error, sizeof(error)) == PARSED_WRONG,
		      "'%s' is accepted", text);
	ck_assert_str_eq(error, why);
}

static void wants_more(const char *text)
{
	struct bpshell_list list;
	char error[80] = "";

	ck_assert_msg(bpshell_parse(&list, text, error, sizeof(error)) == PARSED_MORE,
		      "'%s' is complete", text);
}

START_TEST(places)
{
	means("uname -n", "uname,-n");
	means("@0-3,7 uname -n", "@0-3,7:uname,-n");
	means("@up!3 cmd", "@up!3:cmd");
	means("@up&0-7 cmd", "@up&0-7:cmd");
	means("@up&@rack1 cmd", "@up&@rack1:cmd");
	means("@up^0-7 cmd", "@up^0-7:cmd");
	means("@up& cmd", "@up:&;cmd");
	means("@up&$RACK cmd", "@up&$RACK:cmd");
	means("@up&\"a b\" cmd", "@up&\"a b\":cmd");
	means("@up&.3 cmd", "@up&.3:cmd");
	means("@up&>x", "@up: 1>x 2=1");
	means("@up&\ncmd", "@up:&;cmd");
	means("@up&", "@up:&");
	means("@all", "@all:");
	means("@@rack1 cmd", "@@rack1:cmd");
	means("!ls -l", "!:ls,-l");
	means("! ls -l", "!:ls,-l");
	means("echo @all !x", "echo,@all,!x");
	means("@$SET cmd", "@$SET:cmd");
}
END_TEST

START_TEST(lists)
{
	means("", "");
	means("  # nothing\n\n", "");
	means("a; b", "a;b");
	means("a\nb\n", "a;b");
	means("a & b", "a&;b");
	means("a && b || c", "a;+b;-c");
	means("a && b & c", "{a;+b}&;c");
	means("a; b || c | d & e && f", "a;{b;-c|d}&;e;+f");
	means("a & b && c", "a&;b;+c");
	means("a | b|c", "a|b|c");
	means("@all cat x | sort -n | @1 tr a b", "@all:cat,x|sort,-n|@1:tr,a,b");
	means("a |\n b", "a|b");
	means("a &&\n\n b", "a;+b");
	means("a \\\n b", "a,b");
	means("a;", "a");
	means("a # b; c", "a");
	means("a#b", "a#b");
}
END_TEST

START_TEST(redirections)
{
	means("a <in >out", "a 0<in 1>out");
	means("a >>out 2>err", "a 1>>out 2>err");
	means("a 2>&1 | b", "a 2=1|b");
	means("a >out 2>&1", "a 1>out 2=1");
	means("a &>both", "a 1>both 2=1");
	means("a >&both", "a 1>both 2=1");
	means("a>out b", "a,b 1>out");
	means("a x2>out", "a,x2 1>out");
	means("echo 22 >x", "echo,22 1>x");
	means(">out a", "a 1>out");
	means("a > 'b c'", "a 1>'b c'");
}
END_TEST

START_TEST(quotations)
{
	means("a 'b | c' \"d ; e\" f\\&g", "a,'b | c',\"d ; e\",f\\&g");
	means("a 'b'\"c\"d", "a,'b'\"c\"d");
	means("a \"b\\\"c\"", "a,\"b\\\"c\"");
	means("a 'x\ny'", "a,'x\ny'");
	means("'@all' x", "'@all',x");
	means("'for' x", "'for',x");
	means("echo for X=1", "echo,for,X=1");
	means("@0 for", "@0:for");
	means("=x", "=x");
}
END_TEST

START_TEST(nonsense)
{
	is_wrong("| a", "unexpected '|'");
	is_wrong("a | | b", "unexpected '|'");
	is_wrong("a | ; b", "unexpected ';'");
	is_wrong("; a", "unexpected ';'");
	is_wrong("a && ; b", "unexpected ';'");
	is_wrong("& a", "unexpected '&'");
	is_wrong("a (b)", "(...): not in this shell; !sh -c '...' has it");
	is_wrong("a $(b)", "$(...): not in this shell; !sh -c '...' has it");
	is_wrong("a << b", "<<: not in this shell; !sh -c '...' has it");
	is_wrong("a )", "unexpected ')'");
	is_wrong("for i in 1 2", "for: not in this shell; !sh -c '...' has it");
	is_wrong("a | while read x", "while: not in this shell; !sh -c '...' has it");
	is_wrong("!if x", "if: not in this shell; !sh -c '...' has it");
	is_wrong("X_1=2", "X_1: variables are set by 'export NAME=VALUE'");
	is_wrong("a; X= b", "X: variables are set by 'export NAME=VALUE'");
	is_wrong("a >", "unexpected end");
	is_wrong("a > | b", "unexpected '|'");
	is_wrong("a 2>&err", "err: not a descriptor, which are 0 to 9");
	is_wrong("a 2>&-", "-: not a descriptor, which are 0 to 9");
	is_wrong("a >&-", "-: not a descriptor, which are 0 to 9");
	is_wrong("a >&10", "10: not a descriptor, which are 0 to 9");
	is_wrong(">out", "unexpected end");
	is_wrong("!", "unexpected end");
	wants_more("a |");
	wants_more("a &&");
	wants_more("a 'b");
	wants_more("a \"b\\\"");
	wants_more("a \\");
	wants_more("a \\\n");
	wants_more("a b\\\n");
}
END_TEST

/* --- words --- */

static void expands(const char *word, const char *expected)
{
	char *text = bpshell_expand(word, 42);

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(!strcmp(text, expected), "%s is '%s', not '%s'", word, text,
		      expected);
	free(text);
}

static void quiet(void)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

START_TEST(words)
{
	setenv("COLOUR", "red green", 1);
	unsetenv("NONE");
	setenv("HOME", "/home/x", 1);
	expands("plain", "plain");
	expands("'a b'\"c d\"e\\ f", "a bc de f");
	expands("''", "");
	expands("$COLOUR", "red green");
	expands("\"$COLOUR!\"", "red green!");
	expands("'$COLOUR'", "$COLOUR");
	expands("\\$COLOUR", "$COLOUR");
	expands("${COLOUR}s", "red greens");
	expands("x$NONE.y", "x.y");
	expands("$?", "42");
	bpshell_pid = 4711;
	expands("$$", "4711");
	expands("a$", "a$");
	expands("\"a\\b\\\"\"", "a\\b\"");
	expands("~/x", "/home/x/x");
	expands("~", "/home/x");
	expands("'~'", "~");
	expands("a~", "a~");
	expands("*.c", "*.c");
	quiet();
	ck_assert_ptr_null(bpshell_expand("$(date)", 0));
	ck_assert_ptr_null(bpshell_expand("\"`date`\"", 0));
	ck_assert_ptr_null(bpshell_expand("${A:-b}", 0));
}
END_TEST

static void become(char *const *word, int n, bool files, const char *expected)
{
	char **list = bpshell_expand_all(word, n, 0, files), text[256] = "";
	int i;

	ck_assert_ptr_nonnull(list);
	for (i = 0; list[i]; i++)
		sprintf(text + strlen(text), "%s%s", i ? "," : "", list[i]);
	ck_assert_str_eq(text, expected);
	bpshell_free_words(list);
}

START_TEST(file_names)
{
	char dir[] = "/tmp/test_bpshell.XXXXXX";
	static char *all[] = { "*.c", "'*.c'", "\\*.c", "*.none", "x" };
	static char *empty[] = { "x", "$NONE", "\"$NONE\"", "''", "y" };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	close(creat("a.c", 0600));
	close(creat("b.c", 0600));
	become(all, 5, true, "a.c,b.c,*.c,*.c,*.none,x");
	become(all, 1, false, "*.c");
	unsetenv("NONE");
	become(empty, 5, true, "x,,,y");
	unlink("a.c");
	unlink("b.c");
	rmdir(dir);
}
END_TEST

/* --- output --- */

START_TEST(folding)
{
	static const char *const kept[] = {
		"two\n", "one\n", "", "one\n", "last", "one\n"
	};
	static const int node[] = { 5, 1, 2, 0, 3, 4 };
	struct bpsh_process p[6];
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i;

	memset(p, 0, sizeof(p));
	for (i = 0; i < 6; i++) {
		p[i].node = node[i];
		bpsh_keep(&p[i], kept[i], strlen(kept[i]));
	}
	bpsh_fold(p, 6, f);
	fclose(f);
	ck_assert_str_eq(text, "---------------\n0-1,4 (3)\n---------------\none\n"
			       "---------------\n3\n---------------\nlast\n"
			       "---------------\n5\n---------------\ntwo\n");
	free(text);
}
END_TEST

START_TEST(statuses)
{
	/* exit statuses 2, 0, 2, 1; killed */
	static const int status[] = { 0x200, 0, 0x200, 0x100, 9 };
	struct bpsh_process p[5];
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i;

	memset(p, 0, sizeof(p));
	for (i = 0; i < 5; i++) {
		p[i].node = 4 - i;
		p[i].ended = true;
		p[i].status = status[i];
	}
	bpsh_report(p, 5, f);
	fclose(f);
	ck_assert_str_eq(text, "1: exit status 1\n2,4: exit status 2\n");
	free(text);
}
END_TEST

static void ranges_are(int n, const char *expected, const int *node)
{
	char *text = node_ranges(node, n);

	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(ranges)
{
	ranges_are(0, "", NULL);
	ranges_are(1, "7", (const int[]){ 7 });
	ranges_are(6, "-1-1,3,8-9", (const int[]){ -1, 0, 1, 3, 8, 9 });
	ranges_are(3, "1-2", (const int[]){ 1, 1, 2 });
}
END_TEST

/* --- notices --- */

static void set_is(struct bproc_node_set_t *set, const char *states)
{
	struct bproc_node_info_t info;

	memset(set, 0, sizeof(*set));
	for (; *states; states++) {
		memset(&info, 0, sizeof(info));
		info.node = set->size;
		strcpy(info.status, *states == 'u'   ? "up"
				    : *states == 'd' ? "down"
						     : "boot");
		bproc_nodeset_add(set, &info);
	}
}

static void is_said(const char *old, const char *now, const char *expected)
{
	struct bproc_node_set_t a, b;
	char *text;

	set_is(&a, old);
	set_is(&b, now);
	text = bpshell_notice_words(&a, &b);
	if (expected)
		ck_assert_str_eq(text, expected);
	else
		ck_assert_ptr_null(text);
	free(text);
	bproc_nodeset_free(&a);
	bproc_nodeset_free(&b);
}

START_TEST(notices)
{
	is_said("uuuu", "uuuu", NULL);
	is_said("uuuu", "uuud", "node 3 is down\n");
	is_said("dbdu", "uuud", "nodes 0-2 are up\nnode 3 is down\n");
	is_said("uu", "ub", "node 1 is in state boot\n");
	is_said("uu", "uudd", "nodes 2-3 are down\n");
	is_said("uud", "u", "nodes 1-2 are gone\n");
	is_said("", "u", "node 0 is up\n");
}
END_TEST

/* --- completion --- */

static void completes(const char *line, enum bpshell_completion expected)
{
	enum bpshell_completion got = bpshell_completion(line, strlen(line));

	ck_assert_msg(got == expected, "'%s': %d, not %d", line, got, expected);
}

START_TEST(completion)
{
	completes("", COMPLETE_COMMAND);
	completes("no", COMPLETE_COMMAND);
	completes("@", COMPLETE_SET);
	completes("@0-3,ra", COMPLETE_SET);
	completes("@up&ra", COMPLETE_SET);
	completes("@all un", COMPLETE_PROGRAM);
	completes("@all ", COMPLETE_PROGRAM);
	completes("@all -b un", COMPLETE_PROGRAM);
	completes("@all uname ", COMPLETE_FILE);
	completes("!ls", COMPLETE_PROGRAM);
	completes("! l", COMPLETE_PROGRAM);
	completes("!ls x", COMPLETE_FILE);
	completes("a | so", COMPLETE_PROGRAM);
	completes("a | sort x", COMPLETE_FILE);
	completes("a; no", COMPLETE_COMMAND);
	completes("a && @", COMPLETE_SET);
	completes("a >", COMPLETE_FILE);
	completes("a >x", COMPLETE_FILE);
	completes("state ", COMPLETE_PLAIN_SET);
	completes("state u", COMPLETE_PLAIN_SET);
	completes("state 0-3 u", COMPLETE_STATE);
	completes("chown root u", COMPLETE_PLAIN_SET);
	completes("reboot -y a", COMPLETE_PLAIN_SET);
	completes("kill ", COMPLETE_PID);
	completes("kill -9 1", COMPLETE_PID);
	completes("kill %", COMPLETE_JOB);
	completes("move ", COMPLETE_PROCESS);
	completes("move 12 ", COMPLETE_PLAIN_SET);
	completes("drain 0", COMPLETE_PLAIN_SET);
	completes("cp 0:/x ", COMPLETE_FILE);
	completes("fg ", COMPLETE_JOB);
	completes("use a", COMPLETE_PLAIN_SET);
	completes("help u", COMPLETE_BUILTIN);
	completes("source x", COMPLETE_FILE);
	completes("uname 'a b", COMPLETE_FILE);
	/* what stands behind the cursor does not matter */
	ck_assert_int_eq(bpshell_completion("@al uname", 3), COMPLETE_SET);
}
END_TEST

START_TEST(operands)
{
	ck_assert_uint_eq(bpshell_set_prefix("@ra"), 1);
	ck_assert_uint_eq(bpshell_set_prefix("@0-3,ra"), 5);
	ck_assert_uint_eq(bpshell_set_prefix("0-3"), 0);
	ck_assert_uint_eq(bpshell_set_prefix("@up!@ra"), 4);
	ck_assert_uint_eq(bpshell_set_prefix("@up&"), 4);
}
END_TEST

START_TEST(names)
{
	static const char *const name[] = { "plain",	      "x\";reboot -y all;\"",
					    "it's $HOME `a`", "*?[a]",
					    "two\nlines",     "a\\b" };
	char *word, *again;
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		word = bpshell_quote(name[i]);
		ck_assert_uint_eq(bpshell_word_length(word, false), strlen(word));
		again = bpshell_expand(word, 0);
		ck_assert_str_eq(again, name[i]);
		free(word);
		free(again);
	}
}
END_TEST

START_TEST(answers)
{
	long long ticks, kib;
	char state;
	pid_t pid;

	ck_assert(remote_proc_parse("123 R 45 678 123", &pid, &state, &ticks, &kib));
	ck_assert_int_eq(pid, 123);
	ck_assert_int_eq(state, 'R');
	ck_assert_int_eq(ticks, 45);
	ck_assert_int_eq(kib, 678);
	ck_assert(!remote_proc_parse("123 R 45", &pid, &state, &ticks, &kib));
	ck_assert(!remote_proc_parse("", &pid, &state, &ticks, &kib));
	/* two nodes' lines that were cut */
	ck_assert(!remote_proc_parse("1234 S 50 25678 R 1 2 5678", &pid, &state, &ticks, &kib));
	ck_assert(!remote_proc_parse("1234 S 50 2 5678", &pid, &state, &ticks, &kib));
	ck_assert(!remote_proc_parse("123 R 45 678 123 ", &pid, &state, &ticks, &kib));
	/* nothing that a terminal obeys */
	ck_assert(!remote_proc_parse("123 \033 45 678 123", &pid, &state, &ticks, &kib));
}
END_TEST

START_TEST(nodes_that_are_watched)
{
	static char *some[] = { "0", "5" }, *states[] = { "master,down" };
	struct bpstat_options o = { .spec = some, .specs = 2 }, all = { .specs = 0 };
	struct bproc_node_info_t node = { .node = 5, .status = "up" };

	ck_assert(bpstat_is_meant(&o, &node));
	ck_assert(bpstat_is_meant(&all, &node));
	node.node = 4;
	ck_assert(!bpstat_is_meant(&o, &node));
	o.spec = states;
	o.specs = 1;
	ck_assert(!bpstat_is_meant(&o, &node));
	strcpy(node.status, "down");
	ck_assert(bpstat_is_meant(&o, &node));
}
END_TEST

/* Found before anything is done, wherever it stands. */
START_TEST(wrong_calls_of_bpctl)
{
	static const char *const wrong[][2] = {
		{ "-S", "0;1" }, { "-S", "3-1" },  { "-s", "" },
		{ "-s", "2up" }, { "-s", "a b" },  { "-s", "a234567890123456" },
		{ "-m", "777" }, { "-m", "word" }, { "-u", "no such user" },
	};
	char *argv[] = { "bpctl", "-S", "999999", "-s", "up", NULL, NULL, "-s", "up", NULL };
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		argv[5] = (char *)wrong[i][0];
		argv[6] = (char *)wrong[i][1];
		ck_assert_int_eq(bpctl_command(9, argv), 2);
	}
}
END_TEST

static void string_is(const char *text, const char *expected)
{
	FILE *was = stdout;
	char *written = NULL;
	size_t size;

	stdout = open_memstream(&written, &size);
	ck_assert_ptr_nonnull(stdout);
	json_string(text);
	fclose(stdout);
	stdout = was;
	ck_assert_str_eq(written, expected);
	free(written);
}

START_TEST(strings)
{
	string_is("", "\"\"");
	string_is("a \"b\\", "\"a \\\"b\\\\\"");
	string_is("\n\033", "\"\\u000a\\u001b\"");
	string_is("gr\303\274n \342\202\254 \360\237\220\247",
		  "\"gr\303\274n \342\202\254 \360\237\220\247\"");
	/* Latin 1, an end in the midst, longer than need be, a surrogate, too large */
	string_is("gr\374n", "\"gr\\ufffdn\"");
	string_is("\342\202", "\"\\ufffd\\ufffd\"");
	string_is("\300\200", "\"\\ufffd\\ufffd\"");
	string_is("\340\200\200", "\"\\ufffd\\ufffd\\ufffd\"");
	string_is("\355\240\200", "\"\\ufffd\\ufffd\\ufffd\"");
	string_is("\364\220\200\200", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}
END_TEST

UNIT_MAIN("bpshell", places, lists, redirections, quotations, nonsense, words, file_names,
	  folding, statuses, ranges, notices, completion, operands, names, answers,
	  nodes_that_are_watched, wrong_calls_of_bpctl, strings)
