#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int port;
  const char *template_path;
  /* What every answer's body must contain; empty: nothing. */
  const char *expected;
  const char *mix;
  uint64_t key_count;
  uint64_t seed;
  int connection_count;
  /* Answers before this are counted, but not measured. */
  double warm_up_seconds;
  double seconds;
  /* Arrivals per second; 0: a closed loop. */
  double rate;
  bool shows_progress;
} LoadOptions;

/* Ends the program on options that do not make sense. */
LoadOptions load_options_read(int argument_count, char **arguments);

#endif
