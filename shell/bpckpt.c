// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpckpt.h"
#include "json.h"
#include "printable.h"
#include "usage.h"

extern char **environ;

static const char usage[] =
	"Usage: bpckpt dump [options] PID FILE\n"
	"       bpckpt exec [options] FILE PROGRAM [ARGUMENT...]\n"
	"       bpckpt restore FILE\n"
	"       bpckpt info [options] FILE...\n"
	"Processes as files.\n"
	"\n"
	"  dump             writes the image of a process of this machine, which goes on\n"
	"  exec             starts a program and writes its image before its first\n"
	"                   instruction\n"
	"  restore          becomes the process in FILE (\"-\": standard input)\n"
	"  info             shows what is in an image, and whether this machine can take it\n"
	"\n"
	"  -a, --all        the image needs no file: libraries are in it, too\n"
	"  -e, --no-exec    the program itself is not in it\n"
	"  -f, --force      dump: also without open files, timers or shared memory\n"
	"  -k, --kill       dump: the process ends when it is in the file\n"
	"  -m, --maps       info: each mapping\n"
	"  -j, --json       info: in JSON, for programs\n"
	"  -h, --help       this text\n"
	"  -V, --version    version\n";

static const struct option long_options[] = {
	{ "all", no_argument, NULL, 'a' },     { "no-exec", no_argument, NULL, 'e' },
	{ "force", no_argument, NULL, 'f' },   { "kill", no_argument, NULL, 'k' },
	{ "maps", no_argument, NULL, 'm' },    { "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },    { "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

struct options {
	bool all, no_exec, force, kill, maps, json;
};

static int complain(const char *what, const char *why)
{
	print_line(stderr, "bpckpt: %s: %s", what, why);
	return 1;
}

static int dump_flags(const struct options *o)
{
	if (o->all)
		return BPROC_DUMP_ALL;
	return o->no_exec ? 0 : BPROC_DUMP_EXEC | BPROC_DUMP_OTHER;
}

/* --- writing --- */

/* Where an image goes. */
struct output {
	int fd;
	char *name; /* NULL: it is written to as it is */
	char *temporary;
};

/* Has what was in somebody's memory, and is not to stay if we are interrupted. */
static char *unfinished;

static const int deadly[] = { SIGHUP, SIGINT, SIGTERM };
#define DEADLY (sizeof(deadly) / sizeof(*deadly))
static struct sigaction deadly_before[DEADLY];

static void remove_unfinished(int sig)
{
	unlink(unfinished);
	raise(sig);
}

static void begin_unfinished(char *name)
{
	struct sigaction remove = { .sa_handler = remove_unfinished, .sa_flags = SA_RESETHAND };
	size_t i;

	unfinished = name;
	for (i = 0; i < DEADLY; i++) {
		sigaction(deadly[i], NULL, &deadly_before[i]);
		if (deadly_before[i].sa_handler == SIG_DFL)
			sigaction(deadly[i], &remove, NULL);
	}
}

static void end_unfinished(void)
{
	size_t i;

	for (i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &deadly_before[i], NULL);
}

/*
 * Under another name until it is complete; it can be executed, and is nobody else's. A link
 * stays one.
 */
static void open_new(struct output *out, const char *name, bool exists)
{
	out->name = exists ? realpath(name, NULL) : strdup(name);
	if (!out->name || asprintf(&out->temporary, "%s.XXXXXX", out->name) < 0) {
		out->temporary = NULL;
		return;
	}
	out->fd = mkostemp(out->temporary, O_CLOEXEC);
	if (out->fd < 0)
		return;
	begin_unfinished(out->temporary);
	fchmod(out->fd, 0700);
}

static int open_output(struct output *out, const char *name)
{
	struct stat st;
	bool exists;

	*out = (struct output){ .fd = -1 };
	exists = !stat(name, &st);
	if (!strcmp(name, "-"))
		out->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else if (exists && !S_ISREG(st.st_mode))
		out->fd = open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	else
		open_new(out, name, exists);
	if (out->fd >= 0)
		return 0;
	complain(name, strerror(errno));
	free(out->name);
	free(out->temporary);
	return 1;
}

/* To where it outlives the machine's power. */
static int sync_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) ? fsync(fd) : 0;
}

static void sync_directory(char *name)
{
	int fd = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Not all file systems can. */
	(void)!fsync(fd);
	close(fd);
}

static int close_output(struct output *out, const char *name, bool good)
{
	int ret = good ? 0 : 1;

	if (good && sync_file(out->fd))
		ret = complain(name, strerror(errno));
	if (close(out->fd) && !ret)
		ret = complain(name, strerror(errno));
	if (out->temporary) {
		if (!ret && rename(out->temporary, out->name))
			ret = complain(name, strerror(errno));
		if (ret)
			unlink(out->temporary);
		else
			sync_directory(out->name);
		end_unfinished();
	}
	free(out->name);
	free(out->temporary);
	return ret;
}

/* @process: -1, or who is to be killed. */
static int write_image(const struct options *o, int pid, const char *name, int process)
{
	int flags = dump_flags(o) | (o->force ? BPROC_MIGRATE_FORCE : 0), ret, why = 0;
	struct output out;
	char text[16];
	bool good;

	snprintf(text, sizeof(text), "%d", pid);
	if (open_output(&out, name))
		return 1;
	good = !bproc_dumpproc(pid, out.fd, flags, &why);
	if (!good)
		complain(text, errno == EREMOTE     ? "it is on a node; bpmove it to the master" :
			       *bproc_whystr(why) ? bproc_whystr(why) :
						      bproc_strerror(errno));
	ret = close_output(&out, name, good);
	if (!ret && process >= 0 && pidfd_send_signal(process, SIGKILL, NULL, 0))
		ret = complain(text, strerror(errno));
	return ret;
}

static int dump(const struct options *o, const char *text, const char *name)
{
	int ret, process = -1;
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (*end || end == text || errno || pid <= 0 || pid > INT_MAX) {
		complain(text, "not a process's number");
		return EXIT_USAGE;
	}
	/* The number may be another's when all is written. */
	if (o->kill) {
		process = pidfd_open((pid_t)pid, 0);
		if (process < 0)
			return complain(text, strerror(errno));
	}
	ret = write_image(o, (int)pid, name, process);
	if (process >= 0)
		close(process);
	return ret;
}

static bool is_program(const char *name)
{
	struct stat st;

	return !access(name, X_OK) && !stat(name, &st) && !S_ISDIR(st.st_mode);
}

/* As a shell would find it. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char *full;

	if (strchr(name, '/'))
		return strdup(name);
	for (path = path ? path : "/bin:/usr/bin";; path = end + 1) {
		end = strchrnul(path, ':');
		if (asprintf(&full, "%.*s%s%s", (int)(end - path), path, end == path ? "" : "/",
			     name) < 0)
			return NULL;
		if (is_program(full))
			return full;
		free(full);
		if (!*end)
			break;
	}
	errno = ENOENT;
	return NULL;
}

static int execdump(const struct options *o, const char *name, char **argv)
{
	char *program = find_program(argv[0]);
	struct output out;
	sighandler_t old;
	int status;
	bool good;
	pid_t pid;

	if (!program)
		return complain(argv[0], strerror(errno));
	if (open_output(&out, name)) {
		free(program);
		return 1;
	}
	/* Ignored, it would leave no status. */
	old = signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (!pid) {
		signal(SIGCHLD, old);
		if (out.temporary)
			end_unfinished();
		bproc_execdump(out.fd, dump_flags(o), program, argv, environ);
		_exit(errno < 256 ? errno : 255);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			pid = -1;
	good = pid > 0 && !status;
	if (pid < 0)
		complain(argv[0], strerror(errno));
	else if (status)
		complain(argv[0], WIFEXITED(status) ? strerror(WEXITSTATUS(status)) :
						      "it was killed");
	signal(SIGCHLD, old);
	free(program);
	return close_output(&out, name, good);
}

static int restore(const char *name)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) :
				     fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return complain(name, strerror(errno));
	bproc_undump(fd);
	return complain(name, errno == EINVAL	  ? "not an image of a process, or damaged" :
			      errno == EOPNOTSUPP ? "this machine cannot take it; see bpckpt info" :
						    bproc_strerror(errno));
}

/* --- info --- */

/* What an image needs and this machine has not; each a line, ended by the driver's word. */
struct problems {
	char **line;
	int n;
};

static void problem(struct problems *p, const char *what, const char *why)
{
	char **more = realloc(p->line, ((size_t)p->n + 1) * sizeof(*more));

	if (!more)
		return;
	p->line = more;
	if (asprintf(&more[p->n], "%s%s", what, why) >= 0)
		p->n++;
}

static void find_problems(const struct bpckpt_image *im, int fd, struct problems *p)
{
	char *missing = bpckpt_missing_features(im);
	int err = 0;
	size_t i;

	if (missing && *missing)
		problem(p, "the processor lacks", missing);
	free(missing);
	for (i = 0; i < im->nfiles; i++) {
		const char *why = bpckpt_uses(im, i) ? bpckpt_file_problem(im, i) : NULL;
		char *line;

		if (why && asprintf(&line, "%s: ", im->names[i]) >= 0) {
			problem(p, line, why);
			free(line);
		}
	}
	if (lseek(fd, 0, SEEK_SET) < 0 || bproc_undump_check(fd))
		err = errno;
	/* Who may not ask it cannot know. */
	if (err == EACCES && access("/dev/bproc", R_OK | W_OK) && errno == EACCES)
		return;
	/* The driver sees more: limits, memory, other kernels. */
	if (err == ENOSYS)
		problem(p, "the driver is not loaded", "");
	else if (err && !p->n)
		problem(p, "the driver says: ", bproc_strerror(err));
}

static const char *map_name(const struct bpckpt_image *im, const struct vmad_map *m)
{
	if (m->file != VMAD_NO_FILE && m->file < im->nfiles)
		return im->names[m->file];
	if (m->flags & VMAD_MAP_VDSO)
		return "[vdso]";
	if (m->start <= im->task.brk && m->end > im->task.start_brk &&
	    im->task.brk > im->task.start_brk)
		return "[heap]";
	if ((m->flags & VMAD_MAP_GROWSDOWN) ||
	    (m->start <= im->task.start_stack && m->end > im->task.start_stack))
		return "[stack]";
	return "";
}

static const char *exe(const struct bpckpt_image *im)
{
	return im->task.exe < im->nfiles ? im->names[im->task.exe] : "";
}

static unsigned long long total(const struct bpckpt_image *im, bool stored)
{
	unsigned long long sum = 0;
	size_t i;

	for (i = 0; i < im->nmaps; i++)
		sum += stored ? im->maps[i].stored :
				im->maps[i].map.end - im->maps[i].map.start;
	return sum;
}

static const char *state(const struct bpckpt_image *im)
{
	if (!im->resumes)
		return "asked for it, or has not begun";
	return im->resume.call == -1 ? "running" : "in a system call";
}

static void print_text(const struct bpckpt_image *im, const struct problems *p, bool maps)
{
	size_t i;
	int n;

	print_line(stdout, "program:  %s (%.16s), %d bits", exe(im), im->task.comm,
		   im->is32 ? 32 : 64);
	print_line(stdout, "command:  %s", im->args);
	printf("process:  %d, %s\n", im->pid, state(im));
	print_line(stdout, "kernel:   %.65s %.65s", im->image.release, im->image.version);
	printf("memory:   %llu KiB in %zu mappings, %llu KiB of it stored\n",
	       total(im, false) / 1024, im->nmaps, total(im, true) / 1024);
	printf("image:    %llu bytes\n", (unsigned long long)im->image.length);
	for (i = 0; i < im->nfiles; i++)
		if (bpckpt_uses(im, i))
			print_line(stdout, "needs:    %s", im->names[i]);
	if (maps)
		printf("\n%33s %10s %10s\n", "MAPPING", "SIZE(KiB)", "STORED");
	for (i = 0; maps && i < im->nmaps; i++) {
		const struct vmad_map *m = &im->maps[i].map;

		print_line(stdout, "%016llx-%016llx %10llu %10llu %c%c%c %s", m->start, m->end,
			   (m->end - m->start) / 1024, im->maps[i].stored / 1024,
			   m->flags & VMAD_MAP_READ ? 'r' : '-',
			   m->flags & VMAD_MAP_WRITE ? 'w' : '-',
			   m->flags & VMAD_MAP_EXEC ? 'x' : '-', map_name(im, m));
	}
	printf("%shere:     %s\n", maps ? "\n" : "", p->n ? "cannot be restored" : "can be restored");
	for (n = 0; n < p->n; n++)
		print_line(stdout, "          %s", p->line[n]);
}

static void print_json(const struct bpckpt_image *im, const struct problems *p, const char *name)
{
	size_t i;
	int n;

	printf("\n  {");
	json_member("file", name);
	printf(", ");
	json_member("program", exe(im));
	printf(", ");
	json_member("command", im->args);
	printf(", \"bits\": %d, \"pid\": %d, ", im->is32 ? 32 : 64, im->pid);
	json_member("kernel", im->image.release);
	printf(", \"length\": %llu, \"memory\": %llu, \"stored\": %llu,\n   \"maps\": [",
	       (unsigned long long)im->image.length, total(im, false), total(im, true));
	for (i = 0; i < im->nmaps; i++) {
		printf("%s{\"start\": %llu, \"end\": %llu, \"stored\": %llu, ", i ? ",\n    " : "",
		       im->maps[i].map.start, im->maps[i].map.end, im->maps[i].stored);
		json_member("name", map_name(im, &im->maps[i].map));
		putchar('}');
	}
	printf("],\n   \"restorable\": %s, \"problems\": [", p->n ? "false" : "true");
	for (n = 0; n < p->n; n++) {
		if (n)
			printf(", ");
		json_string(p->line[n]);
	}
	printf("]}");
}

/* @any: one was shown already. */
static int info_one(const struct options *o, const char *name, bool *any)
{
	struct problems p = { NULL, 0 };
	int fd = open(name, O_RDONLY | O_CLOEXEC), ret;
	struct bpckpt_image im;
	const char *wrong;

	if (fd < 0)
		return complain(name, strerror(errno));
	wrong = bpckpt_read(fd, &im);
	if (wrong) {
		close(fd);
		return complain(name, wrong);
	}
	find_problems(&im, fd, &p);
	close(fd);
	if (o->json && *any)
		putchar(',');
	*any = true;
	if (o->json)
		print_json(&im, &p, name);
	else
		print_text(&im, &p, o->maps);
	bpckpt_free(&im);
	ret = p.n ? 1 : 0;
	while (p.n)
		free(p.line[--p.n]);
	free(p.line);
	return ret;
}

static int info(const struct options *o, int n, char **names)
{
	bool any = false;
	int i, ret = 0;

	if (o->json)
		putchar('[');
	for (i = 0; i < n; i++) {
		if (n > 1 && !o->json) {
			if (i)
				putchar('\n');
			print_line(stdout, "%s:", names[i]);
		}
		ret |= info_one(o, names[i], &any);
	}
	if (o->json)
		puts("\n]");
	return fflush(stdout) || ferror(stdout) ? 1 : ret;
}

/* --- the command --- */

int bpckpt_command(int argc, char **argv)
{
	struct options o = { false, false, false, false, false, false };
	const char *what;
	int c;

	optind = 0;
	/* Options come behind the first word, and before a program that has its own. */
	while ((c = getopt_long(argc > 1 && *argv[1] != '-' ? argc - 1 : argc,
				argc > 1 && *argv[1] != '-' ? argv + 1 : argv, "+aefkmjhV",
				long_options, NULL)) != -1)
		switch (c) {
		case 'a':
			o.all = true;
			break;
		case 'e':
			o.no_exec = true;
			break;
		case 'f':
			o.force = true;
			break;
		case 'k':
			o.kill = true;
			break;
		case 'm':
			o.maps = true;
			break;
		case 'j':
			o.json = true;
			break;
		default:
			return common_option(c, "bpckpt " VERSION, usage);
		}
	if (argc < 2 || *argv[1] == '-')
		goto wrong;
	what = argv[1];
	argc -= optind + 1;
	argv += optind + 1;
	if (!strcmp(what, "dump") && argc == 2)
		return dump(&o, argv[0], argv[1]);
	if (!strcmp(what, "exec") && argc > 1)
		return execdump(&o, argv[0], argv + 1);
	if (!strcmp(what, "restore") && argc == 1)
		return restore(argv[0]);
	if (!strcmp(what, "info") && argc > 0)
		return info(&o, argc, argv);
wrong:
	fputs(usage, stderr);
	return EXIT_USAGE;
}
