/* An error of the programmer ends the process, which comes back: see src/lib/assert.ts. */
#ifndef MUST_H
#define MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(call)                                                            \
  do {                                                                        \
    int must_status = (int)(call);                                            \
    if (__builtin_expect(must_status != 0, 0)) {                              \
      fprintf(stderr, "%s:%d: %s: %d\n", __FILE__, __LINE__, #call, must_status); \
      abort();                                                                \
    }                                                                         \
  } while (0)

#endif
