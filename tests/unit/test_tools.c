// SPDX-License-Identifier: GPL-2.0-or-later
/* bpcp's stream, and bpckpt's reader of images. */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../shell/bpckpt.h"
#include "../../shell/bpcp.h"
#include "../../shell/bpcp_stream.h"
#include "../../shell/whole.h"
#include "folder.h"
#include "log.h"
#include "printable.h"
#include "unit.h"

/* --- bpcp --- */

static int copy(const char *from, const char *to, bool recursive, bool preserve, char *report,
		size_t room)
{
	struct bpcp_options o = {
		.recursive = recursive,
		.preserve = preserve,
	};
	struct bpcp_count out = { .bytes = 0 }, in = { .bytes = 0 };
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		bpcp_source(ends[1], from, &o, &out);
		_exit(0);
	}
	close(ends[1]);
	report[0] = '\0';
	bpcp_sink(ends[0], from, to, &o, &in, report, room);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return in.errors;
}

START_TEST(a_tree_with_modes_and_times)
{
	struct timespec t[2] = { { 1000000000, 5 }, { 1100000000, 7 } };
	char report[4096], link[16] = "";
	struct stat st;

	enter_folder();
	mkdir("a", 0755);
	mkdir("a/b", 0750);
	put_file("a/b/x", "hello", 0640);
	put_file("a/empty", "", 0600);
	ck_assert_int_eq(symlink("b/x", "a/l"), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, "a/b/x", t, 0), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, "a/b", t, 0), 0);
	ck_assert_int_eq(copy("a", "c", true, true, report, sizeof(report)), 0);
	ck_assert(has("c/b/x", "hello"));
	ck_assert(has("c/empty", ""));
	ck_assert_int_eq(readlink("c/l", link, sizeof(link)), 3);
	ck_assert_int_eq(stat("c/b/x", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1100000000);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 7);
	ck_assert_int_eq(stat("c/b", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0750);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1100000000);
	/* Into one that is there it goes below it. */
	ck_assert_int_eq(copy("a", "c", true, false, report, sizeof(report)), 0);
	ck_assert(has("c/a/b/x", "hello"));
	leave_folder();
}
END_TEST

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_mode & 07777;
}

/* Those of /proc say that they are empty. */
START_TEST(files_that_are_longer_than_they_say)
{
	char report[4096], buf[64] = "";
	int fd;

	enter_folder();
	ck_assert_int_eq(copy("/proc/self/status", "s", false, false, report, sizeof(report)), 0);
	fd = open("s", O_RDONLY);
	ck_assert_int_gt(read(fd, buf, sizeof(buf) - 1), 6);
	ck_assert_int_eq(strncmp(buf, "Name:\t", 6), 0);
	close(fd);
	leave_folder();
}
END_TEST

/* A read that fails: what came until then is there, and the rest is told. */
START_TEST(files_that_cannot_be_read)
{
	char report[4096];

	enter_folder();
	ck_assert_int_eq(copy("/proc/self/mem", "m", false, false, report, sizeof(report)), 1);
	ck_assert_ptr_nonnull(strstr(report, "/proc/self/mem: Input/output error"));
	ck_assert(has("m", ""));
	leave_folder();
}
END_TEST

/* Nothing is lost by it, and it has an end. */
START_TEST(onto_and_into_itself)
{
	char report[4096];

	enter_folder();
	mkdir("d", 0755);
	mkdir("d/empty", 0755);
	put_file("d/f", "mine", 0600);
	ck_assert_int_eq(link("d/f", "same"), 0);
	ck_assert_int_eq(copy("d/f", "d", false, false, report, sizeof(report)), 1);
	ck_assert_str_eq(report, ">f: it would be copied onto itself\n");
	ck_assert_int_eq(copy("d/f", "d/f", false, true, report, sizeof(report)), 1);
	ck_assert_int_eq(copy("d/f", "same", false, false, report, sizeof(report)), 1);
	ck_assert_int_eq(copy("d", ".", true, false, report, sizeof(report)), 1);
	ck_assert(has("d/f", "mine"));
	ck_assert_int_eq(copy("d", "d", true, false, report, sizeof(report)), 1);
	ck_assert_str_eq(report, ">d: it would be copied into itself\n");
	ck_assert_int_eq(copy("d", "d/new", true, false, report, sizeof(report)), 1);
	ck_assert_int_eq(copy("d", "d/empty", true, false, report, sizeof(report)), 1);
	ck_assert_int_eq(copy(".", "d/new", true, false, report, sizeof(report)), 1);
	ck_assert_int_ne(access("d/d", F_OK), 0);
	ck_assert_int_ne(access("d/new", F_OK), 0);
	ck_assert_int_ne(access("d/empty/d", F_OK), 0);
	/* A neighbour is none of it. */
	ck_assert_int_eq(copy("d", "e", true, false, report, sizeof(report)), 0);
	ck_assert(has("e/f", "mine"));
	leave_folder();
}
END_TEST

/* Who copies owns the copy, and is not whom the bits were for. */
START_TEST(modes)
{
	char report[4096];
	mode_t old = umask(022);

	enter_folder();
	put_file("program", "x", 06755);
	mkdir("shared", 0700);
	ck_assert_int_eq(chmod("shared", 03777), 0);
	ck_assert_int_eq(copy("program", "p", false, true, report, sizeof(report)), 0);
	ck_assert_int_eq(mode_of("p"), 0755);
	ck_assert_int_eq(copy("shared", "s", true, true, report, sizeof(report)), 0);
	ck_assert_int_eq(mode_of("s"), 01777);
	/* Nobody looks in while a tree comes, or afterwards. */
	mkdir("private", 0700);
	ck_assert_int_eq(copy("private", "q", true, false, report, sizeof(report)), 0);
	ck_assert_int_eq(mode_of("q"), 0700);
	put_file("read-only", "x", 0444);
	ck_assert_int_eq(copy("read-only", "r", false, false, report, sizeof(report)), 0);
	ck_assert_int_eq(mode_of("r"), 0444);
	/* What is there stays what it is. */
	put_file("mine", "longer", 0644);
	ck_assert_int_eq(copy("read-only", "mine", false, false, report, sizeof(report)), 0);
	ck_assert_int_eq(mode_of("mine"), 0644);
	ck_assert(has("mine", "x"));
	umask(old);
	leave_folder();
}
END_TEST

START_TEST(what_goes_wrong_is_told)
{
	char report[4096];

	enter_folder();
	mkdir("d", 0755);
	ck_assert_int_eq(copy("d", "e", false, false, report, sizeof(report)), 1);
	ck_assert_str_eq(report, "<d: a directory (without -r)\n");
	ck_assert_int_eq(copy("none", "e", false, false, report, sizeof(report)), 1);
	ck_assert_str_eq(report, "<none: No such file or directory\n");
	/* A line each, whatever it is called. */
	ck_assert_int_eq(copy("no\n>ne", "e", false, false, report, sizeof(report)), 1);
	ck_assert_str_eq(report, "<no?>ne: No such file or directory\n");
	put_file("x", "1", 0600);
	ck_assert_int_eq(copy("x", "no/such/place", false, false, report, sizeof(report)), 1);
	ck_assert_str_eq(report, ">no/such/place: No such file or directory\n");
	/* The report has its room and no more. */
	ck_assert_int_eq(copy("none", "e", false, false, report, 8), 1);
	ck_assert_int_lt(strlen(report), 8);
	leave_folder();
}
END_TEST

/* More than any pipe has room for, when it does not read yet. */
#define MUCH 3000000

/* Exits with 0 when it had so much. */
static pid_t slow_reader(int fd)
{
	static char buf[65536];
	ssize_t n, all = 0;
	pid_t pid = fork();

	if (pid)
		return pid;
	alarm(60);
	usleep(300000);
	while (all < MUCH && (n = read(fd, buf, sizeof(buf))) > 0)
		all += n;
	_exit(all != MUCH);
}

START_TEST(a_reader_that_is_slow)
{
	char report[4096];
	int fd, status;
	pid_t reader;

	enter_folder();
	put_file("f", "", 0600);
	ck_assert_int_eq(truncate("f", MUCH), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	/* Nobody is waited for. */
	ck_assert_int_eq(copy("f", "fifo", false, false, report, sizeof(report)), 1);
	fd = open("fifo", O_RDWR);
	reader = slow_reader(fd);
	ck_assert_int_eq(copy("f", "fifo", false, false, report, sizeof(report)), 0);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
	close(fd);
	leave_folder();
}
END_TEST

/* A stream, and what came of taking it as what is called @asked. */
struct hostile {
	const char *name;
	uint32_t type;
};

/* Of a link; of a file, which has one byte, "/". */
static const char leads_to[] = "/tmp", contents[] = "\1\0\0\0/\0\0\0";

static void send_hostile(int fd, const struct hostile *h, uint32_t nanoseconds)
{
	for (; h->name; h++) {
		struct record r = {
			.magic = MAGIC,
			.type = h->type,
			.mode = 0777,
			.name_len = (uint32_t)strlen(h->name),
			.nanoseconds = { nanoseconds, nanoseconds },
			.size = h->type == LINK ? 4 : 0,
		};

		if (!write_whole(fd, &r, sizeof(r)) || !write_whole(fd, h->name, r.name_len) ||
		    !write_whole(fd, leads_to, (size_t)r.size) ||
		    (h->type == FILE_FOLLOWS && !write_whole(fd, contents, sizeof(contents))))
			return;
	}
}

static int hostile(const struct hostile *h, const char *asked, const char *target,
		   bool recursive, char *report, size_t room)
{
	struct bpcp_options o = { .recursive = recursive };
	struct bpcp_count in = { .bytes = 0 };
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		send_hostile(ends[1], h, 0);
		_exit(0);
	}
	close(ends[1]);
	*report = '\0';
	bpcp_sink(ends[0], asked, target, &o, &in, report, room);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return in.errors;
}

/* In a tree that was asked for, and as the whole. */
START_TEST(names_that_lead_elsewhere)
{
	static const char *const up[] = { "..", "../out", "a/b", "", "." };
	static const uint32_t types[] = { FILE_FOLLOWS, DIRECTORY, LINK };
	char report[4096];
	int i, t;

	enter_folder();
	mkdir("in", 0755);
	for (i = 0; i < 5; i++)
		for (t = 0; t < 3; t++) {
			const struct hostile alone[] = { { up[i], types[t] }, { NULL, 0 } };
			const struct hostile inside[] = { { "d", DIRECTORY },
							  { up[i], types[t] },
							  { NULL, 0 } };

			ck_assert_int_gt(
				hostile(alone, up[i], "in", true, report, sizeof(report)), 0);
			ck_assert_ptr_nonnull(strstr(report, "for it"));
			ck_assert_int_gt(
				hostile(inside, "d", "in", true, report, sizeof(report)), 0);
			ck_assert_ptr_nonnull(strstr(report, "no name for it here"));
		}
	ck_assert_int_ne(access("out", F_OK), 0);
	ck_assert_int_ne(access("in/a", F_OK), 0);
	leave_folder();
}
END_TEST

/* Of what a node sends there is that which was asked for, and as what. */
START_TEST(what_nobody_asked_for)
{
	static const struct hostile file[] = { { "f", FILE_FOLLOWS }, { "", END }, { NULL, 0 } };
	static const struct hostile two[] = { { "f", FILE_FOLLOWS },
					      { "g", FILE_FOLLOWS },
					      { NULL, 0 } };
	static const struct hostile link[] = { { "f", LINK }, { "f", FILE_FOLLOWS }, { NULL, 0 } };
	static const struct hostile tree[] = { { "f", DIRECTORY }, { "", UP }, { NULL, 0 } };
	static const struct hostile nothing[] = { { "", END }, { NULL, 0 } };
	char report[4096];

	enter_folder();
	mkdir("in", 0755);
	ck_assert_int_gt(hostile(file, "/etc/.profile", "in", false, report, sizeof(report)), 0);
	ck_assert_str_eq(report, ">f: nobody asked for it\n");
	ck_assert_int_ne(access("in/f", F_OK), 0);
	ck_assert_int_gt(hostile(tree, "f", "in", false, report, sizeof(report)), 0);
	ck_assert_int_ne(access("in/f", F_OK), 0);
	ck_assert_int_gt(hostile(link, "f", "in", true, report, sizeof(report)), 0);
	ck_assert_int_gt(hostile(link, "f", "new", true, report, sizeof(report)), 0);
	ck_assert_int_ne(faccessat(AT_FDCWD, "in/f", F_OK, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_ne(faccessat(AT_FDCWD, "new", F_OK, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_gt(hostile(two, "f", "in", true, report, sizeof(report)), 0);
	ck_assert(has("in/f", "/"));
	ck_assert_int_ne(access("in/g", F_OK), 0);
	ck_assert_int_gt(hostile(nothing, "f", "in", true, report, sizeof(report)), 0);
	/* What is asked for under a name that it need not have. */
	ck_assert_int_eq(hostile(file, "a/f/", "other", false, report, sizeof(report)), 0);
	ck_assert(has("other", "/"));
	leave_folder();
}
END_TEST

/* A link that was sent first is not followed afterwards, nor one that is in a directory. */
START_TEST(links_that_lead_elsewhere)
{
	static const struct hostile tree[] = { { "d", DIRECTORY },
					       { "l", LINK },
					       { "l", DIRECTORY },
					       { "planted", FILE_FOLLOWS },
					       { NULL, 0 } };
	static const struct hostile file[] = { { "d", DIRECTORY },
					       { "m", LINK },
					       { "m", FILE_FOLLOWS },
					       { NULL, 0 } };
	static const struct hostile over[] = { { "over", FILE_FOLLOWS },
					       { "", END },
					       { NULL, 0 } };
	char report[4096];

	enter_folder();
	unlink("/tmp/planted");
	mkdir("in", 0755);
	ck_assert_int_gt(hostile(tree, "d", "in", true, report, sizeof(report)), 0);
	ck_assert_int_ne(access("/tmp/planted", F_OK), 0);
	ck_assert_int_gt(hostile(file, "d", "in", true, report, sizeof(report)), 0);
	put_file("out", "mine", 0600);
	ck_assert_int_eq(symlink("../out", "in/over"), 0);
	ck_assert_int_gt(hostile(over, "over", "in", true, report, sizeof(report)), 0);
	ck_assert(has("out", "mine"));
	/* Whoever names a link means what it leads to. */
	ck_assert_int_eq(hostile(over, "over", "in/over", true, report, sizeof(report)), 0);
	ck_assert(has("out", "/"));
	leave_folder();
}
END_TEST

/* A mode or time that could not be kept is something that was not copied. */
START_TEST(times_that_cannot_be)
{
	static const struct hostile file[] = { { "f", FILE_FOLLOWS }, { "", END }, { NULL, 0 } };
	struct bpcp_options o = { .preserve = true };
	struct bpcp_count in = { .bytes = 0 };
	char report[4096] = "";
	int ends[2];

	enter_folder();
	ck_assert_int_eq(pipe(ends), 0);
	send_hostile(ends[1], file, 2000000000);
	close(ends[1]);
	bpcp_sink(ends[0], "f", "f", &o, &in, report, sizeof(report));
	close(ends[0]);
	ck_assert_int_eq(in.errors, 1);
	ck_assert_str_eq(report, ">f: times: Invalid argument\n");
	leave_folder();
}
END_TEST

START_TEST(streams_that_break_off)
{
	/* No end came. */
	static const struct hostile half[] = { { "f", FILE_FOLLOWS }, { NULL, 0 } };
	static const struct hostile nonsense[] = { { "f", 77 }, { NULL, 0 } };
	static const struct hostile nothing[] = { { NULL, 0 } };
	char report[4096];

	enter_folder();
	mkdir("in", 0755);
	ck_assert_int_gt(hostile(half, "f", "in", true, report, sizeof(report)), 0);
	ck_assert_str_eq(report, "<the connection broke\n");
	ck_assert_int_gt(hostile(nonsense, "f", "in", true, report, sizeof(report)), 0);
	ck_assert_int_gt(hostile(nothing, "f", "in", true, report, sizeof(report)), 0);
	leave_folder();
}
END_TEST

/* As deep as may be, with names as long as they may be. */
START_TEST(a_deep_tree)
{
	const struct rlimit stack = { 1 << 20, RLIM_INFINITY };
	char report[4096], name[256] = "";
	struct hostile h[DEPTH_MAX + 2];
	int i, status;
	pid_t pid;

	enter_folder();
	memset(name, 'n', sizeof(name) - 1);
	for (i = 0; i <= DEPTH_MAX; i++)
		h[i] = (struct hostile){ name, DIRECTORY };
	h[i].name = NULL;
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_STACK, &stack);
		_exit(!hostile(h, name, "new", true, report, sizeof(report)));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	leave_folder();
}
END_TEST

/* The path of what goes wrong there is longer than the room for saying it. */
START_TEST(trouble_deep_down)
{
	char report[16384], name[201] = "";
	int i;

	enter_folder();
	memset(name, 'n', sizeof(name) - 1);
	mkdir("top", 0755);
	ck_assert_int_eq(chdir("top"), 0);
	for (i = 0; i < 30; i++) {
		ck_assert_int_eq(mkdir(name, 0755), 0);
		ck_assert_int_eq(chdir(name), 0);
	}
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(copy("top", "copy", true, false, report, sizeof(report)), 1);
	ck_assert_int_lt(strlen(report), 4500);
	ck_assert_int_eq(strncmp(report, "<top/nnn", 8), 0);
	leave_folder();
}
END_TEST

/* --- what is shown --- */

START_TEST(what_a_terminal_would_obey)
{
	static const char *const texts[][2] = {
		{ "plain ASCII ~", "plain ASCII ~" },
		{ "\033[31m\a\t\n\177", "?[31m????" },
		/* letters of two, three and four bytes */
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		/* CSI as a character, as a byte, and in more bytes than it needs */
		{ "\xc2\x9b" "31m", "??31m" },
		{ "\x9b" "31m", "?31m" },
		{ "\xe0\x82\x9b" "1", "???1" },
		{ "\xf0\x80\x82\x9b", "????" },
		{ "\xc2\xa0\xc2\x9f\xc2\x80", "\xc2\xa0????" },
		/* characters that break off */
		{ "\xe2\x82", "??" },
		{ "\xe2\x82\033[", "???[" },
		{ "\xf0\x9f\x98", "???" },
		{ "\xff\xc0\x80", "???" },
	};
	char text[64], *line;
	size_t i, len;
	FILE *f;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		strcpy(text, texts[i][0]);
		ck_assert_str_eq(printable(text), texts[i][1]);
	}
	f = open_memstream(&line, &len);
	print_line(f, "%s: %d", "\033", 5);
	fclose(f);
	ck_assert_str_eq(line, "?: 5\n");
	free(line);
}
END_TEST

/* --- bpckpt --- */

static const char *read_image(const void *data, size_t len)
{
	int fd = open("image", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct bpckpt_image im;
	const char *wrong;

	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	wrong = bpckpt_read(fd, &im);
	close(fd);
	ck_assert_ptr_nonnull(wrong);
	return wrong;
}

START_TEST(what_is_no_image)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr ph;
		Elf64_Nhdr note;
		char owner[8];
	} core = {
		.e = { .e_type = ET_CORE, .e_phoff = sizeof(core.e), .e_phnum = 1 },
		.ph = { .p_type = PT_NOTE, .p_offset = sizeof(core.e) + sizeof(core.ph),
			.p_filesz = sizeof(core.note) + 8 },
		.note = { .n_namesz = 5, .n_descsz = 0, .n_type = NT_PRSTATUS },
		.owner = "CORE",
	};
	size_t len;

	enter_folder();
	memcpy(core.e.e_ident, ELFMAG, SELFMAG);
	core.e.e_ident[EI_CLASS] = ELFCLASS64;
	ck_assert_ptr_nonnull(strstr(read_image("", 0), "not an image"));
	ck_assert_ptr_nonnull(strstr(read_image("#!/bin/sh\n", 10), "not an image"));
	ck_assert_ptr_nonnull(strstr(read_image(&core, sizeof(core)), "a core file"));
	for (len = 0; len < sizeof(core); len++)
		read_image(&core, len);
	/* Ours, but with nothing in it; and sizes that lie. */
	memcpy(core.owner, "BPROC", 6);
	core.note.n_namesz = 6;
	core.note.n_type = VMAD_NOTE_IMAGE;
	ck_assert_ptr_nonnull(strstr(read_image(&core, sizeof(core)), "damaged"));
	core.note.n_descsz = 0xffffffff;
	ck_assert_ptr_nonnull(strstr(read_image(&core, sizeof(core)), "damaged"));
	core.ph.p_filesz = ~0ULL;
	read_image(&core, sizeof(core));
	core.e.e_phnum = PN_XNUM;
	core.e.e_shoff = ~0ULL;
	read_image(&core, sizeof(core));
	leave_folder();
}
END_TEST

/* --- the daemons' log --- */

/* What a node says must not become lines that nobody wrote. */
START_TEST(a_line_stays_one)
{
	FILE *f = tmpfile();
	int was = dup(STDERR_FILENO);
	char text[256];
	size_t n;

	ck_assert(f && dup2(fileno(f), STDERR_FILENO) >= 0);
	log_init("bpmaster", false);
	log_warn("node 3: link ended: %s", "bye\n<3>bpmaster: node 4 is up\033[2J");
	dup2(was, STDERR_FILENO);
	close(was);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	ck_assert_str_eq(text, "<4>bpmaster: node 3: link ended: bye?<3>bpmaster: node 4 is "
			       "up?[2J\n");
}
END_TEST

START_TEST(many_lines_are_some)
{
	struct log_limit limit = { 0 };
	unsigned int left_out, i, said = 0, told = 0;

	for (i = 0; i < 100000; i++) {
		said += log_limit(&limit, &left_out);
		told += left_out;
	}
	ck_assert_uint_lt(said, i);
	/* so that the next one tells of the rest */
	limit.second--;
	ck_assert(log_limit(&limit, &left_out));
	ck_assert_uint_eq(said + told + left_out, i);
	ck_assert(log_limit(&limit, &left_out));
	ck_assert_uint_eq(left_out, 0);
}
END_TEST

UNIT_MAIN("tools", a_tree_with_modes_and_times, onto_and_into_itself, modes,
	  files_that_are_longer_than_they_say, files_that_cannot_be_read, what_goes_wrong_is_told,
	  a_reader_that_is_slow,
	  names_that_lead_elsewhere, what_nobody_asked_for, links_that_lead_elsewhere,
	  times_that_cannot_be, streams_that_break_off, a_deep_tree, trouble_deep_down,
	  what_a_terminal_would_obey, what_is_no_image, a_line_stays_one, many_lines_are_some)
