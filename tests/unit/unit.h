/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPROC_TESTS_UNIT_H
#define BPROC_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

/* Runs one case of tests and exits as a test program should. */
#define UNIT_MAIN(name, ...)                                                      \
	int main(void)                                                            \
	{                                                                         \
		const TTest *const tests[] = { __VA_ARGS__ };                     \
		Suite *suite = suite_create(name);                                \
		TCase *tcase = tcase_create(name);                                \
		SRunner *runner;                                                  \
		size_t i;                                                         \
		int failed;                                                       \
                                                                                  \
		for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)            \
			tcase_add_test(tcase, tests[i]);                          \
		tcase_set_timeout(tcase, 60);                                     \
		suite_add_tcase(suite, tcase);                                    \
		runner = srunner_create(suite);                                   \
		srunner_run_all(runner, CK_NORMAL);                               \
		failed = srunner_ntests_failed(runner);                           \
		srunner_free(runner);                                             \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                      \
	}

#endif
