/* What a single verification and one of a list have in common. */
#ifndef DECIDING_H
#define DECIDING_H

#include "engine.h"

/* Nobody asks on behalf of another. */
extern const Original no_original;

/* Where the answer goes: between `to` and `end`. */
typedef struct {
  char *to;
  char *end;
} Room;

/* Who asks: with a token, or as the operator has allowed it without; perhaps confined to an API. */
typedef struct {
  Slice token;
  Slice api_id;
  bool is_open;
} Asker;

/* The number of the root key, or a Refusal. */
int find_asker(const Engine *engine, Asker asker, double now_ms);

/* The same for `Authorization`: `Bearer` and visible characters. */
int find_root_key(const Engine *engine, Slice authorization, double now_ms);

/* Decides what was looked up, and counts its limits. 0, or why nothing was decided. */
int decide(Engine *engine, Room room, Verdict *verdict);

/* Counts all limits that always apply, or none; sets RATE_LIMITED. */
void take_limits(Engine *engine, Verdict *verdict);

uint32_t latency_us_since(int64_t started_at_ns);

/* Before the answer leaves. */
void record(Engine *engine, const Verdict *verdict, const Original *original,
            uint32_t latency_us);

#endif
