/*
 * The floor without HTTP: the same job in a loop, to tell what the network costs.
 *
 *   floor-loop --replica FILE --folder DIR --root-key KEY --body FILE --keys N
 *              [--mix uniform|zipf|unknown] [--seconds S] [--limit-slots N] [--show]
 *
 * The body has `{key}` where a key belongs. Prints one JSON object, in which `ns` is the
 * processor's time of a verification; with --show the first answer.
 */
#include <getopt.h>

#include "failure.h"
#include "instant.h"
#include "key-mix.h"
#include "request-template.h"
#include "verification.h"

enum { TURN = 64 };

typedef struct {
  const char *replica_path;
  const char *folder;
  const char *root_key;
  const char *body_path;
  const char *mix;
  uint64_t key_count;
  uint64_t limit_slots;
  double seconds;
  bool is_shown;
} Settings;

static Verifier verifier;

static Settings read_settings(int argument_count, char **arguments) {
  static const struct option options[] = {
      {"replica", required_argument, NULL, 'r'}, {"folder", required_argument, NULL, 'f'},
      {"root-key", required_argument, NULL, 'o'}, {"body", required_argument, NULL, 'b'},
      {"keys", required_argument, NULL, 'k'}, {"mix", required_argument, NULL, 'm'},
      {"seconds", required_argument, NULL, 's'}, {"limit-slots", required_argument, NULL, 'l'},
      {"show", no_argument, NULL, 'w'}, {0},
  };
  Settings settings = {.mix = "uniform", .limit_slots = 262144, .seconds = 2};
  for (int option; (option = getopt_long(argument_count, arguments, "", options, NULL)) != -1;) {
    if (option == 'r') settings.replica_path = optarg;
    else if (option == 'f') settings.folder = optarg;
    else if (option == 'o') settings.root_key = optarg;
    else if (option == 'b') settings.body_path = optarg;
    else if (option == 'k') settings.key_count = strtoull(optarg, NULL, 10);
    else if (option == 'm') settings.mix = optarg;
    else if (option == 's') settings.seconds = atof(optarg);
    else if (option == 'l') settings.limit_slots = strtoull(optarg, NULL, 10);
    else if (option == 'w') settings.is_shown = true;
    else exit(2);
  }
  bool is_whole = settings.replica_path && settings.folder && settings.root_key &&
                  settings.body_path && settings.key_count > 0;
  if (!is_whole) fail("--replica, --folder, --root-key, --body and --keys are needed");
  return settings;
}

int main(int argument_count, char **arguments) {
  Settings settings = read_settings(argument_count, arguments);
  RequestTemplate body;
  request_template_read(&body, settings.body_path);
  KeyMix mix;
  key_mix_open(&mix, settings.mix, settings.key_count, 1);
  verifier_open(&verifier, settings.replica_path, settings.folder, settings.limit_slots);
  replica_leave(&verifier.replica);
  Slice root_key = {settings.root_key, strlen(settings.root_key)};
  char json[ANSWER_BYTES_MAX];
  uint64_t count = 0;
  uint64_t valid_count = 0;
  int64_t used_before_ns = processor_ns();
  int64_t start_ns = monotonic_ns();
  int64_t end_ns = start_ns + (int64_t)(settings.seconds * 1e9);
  int64_t now_ns = start_ns;
  for (; now_ns < end_ns; now_ns = monotonic_ns()) {
    replica_enter(&verifier.replica);
    for (int turn = 0; turn < TURN; turn += 1) {
      for (size_t place = 0; place < body.place_count; place += 1) {
        request_template_set(&body, place, key_mix_next(&mix));
      }
      Answer answer = verify_key(&verifier, root_key, (Slice){body.bytes, body.size}, json);
      bool is_shown = settings.is_shown && count == 0;
      if (is_shown) printf("%d %.*s\n", answer.status, (int)answer.size, json);
      valid_count += memmem(json, answer.size, "\"code\":\"VALID\"", 14) != NULL;
      count += 1;
    }
    replica_leave(&verifier.replica);
  }
  double ns = (double)(processor_ns() - used_before_ns) / (double)count;
  printf("{\"verifications\":%lu,\"valid\":%lu,\"ns\":%.1f}\n", count, valid_count, ns);
}
