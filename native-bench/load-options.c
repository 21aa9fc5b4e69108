#include "load-options.h"

#include <getopt.h>

#include "failure.h"

static const struct option options[] = {
    {"port", required_argument, NULL, 'p'},
    {"template", required_argument, NULL, 't'},
    {"expect", required_argument, NULL, 'e'},
    {"mix", required_argument, NULL, 'm'},
    {"keys", required_argument, NULL, 'k'},
    {"seed", required_argument, NULL, 'd'},
    {"connections", required_argument, NULL, 'c'},
    {"warm-up", required_argument, NULL, 'w'},
    {"seconds", required_argument, NULL, 's'},
    {"rate", required_argument, NULL, 'r'},
    {"progress", no_argument, NULL, 'g'},
    {0},
};

static void set(LoadOptions *load, int option, const char *value) {
  switch (option) {
    case 'p': load->port = atoi(value); return;
    case 't': load->template_path = value; return;
    case 'e': load->expected = value; return;
    case 'm': load->mix = value; return;
    case 'k': load->key_count = strtoull(value, NULL, 10); return;
    case 'd': load->seed = strtoull(value, NULL, 10); return;
    case 'c': load->connection_count = atoi(value); return;
    case 'w': load->warm_up_seconds = atof(value); return;
    case 's': load->seconds = atof(value); return;
    case 'r': load->rate = atof(value); return;
    case 'g': load->shows_progress = true; return;
    default: exit(2);
  }
}

LoadOptions load_options_read(int argument_count, char **arguments) {
  LoadOptions load = {
      .expected = "",
      .mix = "uniform",
      .key_count = 1,
      .seed = 1,
      .connection_count = 64,
      .warm_up_seconds = 0.2,
      .seconds = 2,
  };
  for (int option; (option = getopt_long(argument_count, arguments, "", options, NULL)) != -1;) {
    set(&load, option, optarg);
  }
  if (load.port <= 0 || load.template_path == NULL) fail("--port and --template are needed");
  bool makes_sense = load.connection_count > 0 && load.seconds > 0 && load.key_count > 0;
  if (!makes_sense || load.rate < 0 || load.warm_up_seconds < 0) fail("a number is too small");
  return load;
}
