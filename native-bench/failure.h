/* A benchmark that cannot do its work says why and ends: nothing here goes on after a failure. */
#ifndef FAILURE_H
#define FAILURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define fail(...)                   \
  do {                              \
    fprintf(stderr, __VA_ARGS__);   \
    fputc('\n', stderr);            \
    exit(1);                        \
  } while (0)

#define fail_of_system(what) fail("%s: %s", what, strerror(errno))

#endif
