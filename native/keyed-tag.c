/* HalfSipHash-2-4, as in src/limits/half-sip-hash.ts, but each word of the message is taken in when
 * it comes up: so there is no buffer for the message, and no text is too long for it. */
#include "keyed-tag.h"

typedef TagPrefix HalfSipHash;

static inline uint32_t rotate(uint32_t word, int bits) {
  return word << bits | word >> (32 - bits);
}

static inline void hash_round(HalfSipHash *hash) {
  hash->v0 += hash->v1;
  hash->v1 = rotate(hash->v1, 5) ^ hash->v0;
  hash->v0 = rotate(hash->v0, 16);
  hash->v2 += hash->v3;
  hash->v3 = rotate(hash->v3, 8) ^ hash->v2;
  hash->v0 += hash->v3;
  hash->v3 = rotate(hash->v3, 7) ^ hash->v0;
  hash->v2 += hash->v1;
  hash->v1 = rotate(hash->v1, 13) ^ hash->v2;
  hash->v2 = rotate(hash->v2, 16);
}

static inline void hash_begin(HalfSipHash *hash, const uint32_t key[2]) {
  hash->v0 = key[0];
  hash->v1 = key[1] ^ 0xee;
  hash->v2 = 0x6c796765 ^ key[0];
  hash->v3 = 0x74656462 ^ key[1];
  hash->word_count = 0;
}

static inline void hash_put(HalfSipHash *hash, uint32_t word) {
  hash->v3 ^= word;
  hash_round(hash);
  hash_round(hash);
  hash->v0 ^= word;
  hash->word_count += 1;
}

static inline uint32_t hash_draw(HalfSipHash *hash) {
  for (int round = 0; round < 4; round += 1) hash_round(hash);
  return hash->v1 ^ hash->v3;
}

/* The length, four characters a word, and each of the last one to three in a word of its own. */
static inline void hash_put_text(HalfSipHash *hash, Slice text) {
  size_t whole = text.size & ~(size_t)3;
  hash_put(hash, (uint32_t)text.size << 1);
  for (size_t at = 0; at < whole; at += 4) {
    uint32_t word;
    memcpy(&word, text.at + at, sizeof word);
    hash_put(hash, word);
  }
  for (size_t at = whole; at < text.size; at += 1) hash_put(hash, (unsigned char)text.at[at]);
}

void tag_begin(TagPrefix *prefix, const uint32_t key[2], uint64_t number, const Slice texts[2]) {
  hash_begin(prefix, key);
  hash_put(prefix, (uint32_t)number);
  hash_put(prefix, (uint32_t)(number >> 32));
  for (int index = 0; index < 2; index += 1) hash_put_text(prefix, texts[index]);
}

void tag_end(KeyedTag *tag, const TagPrefix *prefix, Slice last) {
  HalfSipHash hash = *prefix;
  hash_put_text(&hash, last);
  hash_put(&hash, hash.word_count << 26);
  hash.v2 ^= 0xee;
  uint32_t low = hash_draw(&hash);
  hash.v1 ^= 0xdd;
  uint32_t high = hash_draw(&hash) & 0x7fffffff;
  hash.v1 ^= 0xdd;
  tag->extra = hash_draw(&hash) & 1023;
  tag->word = (int64_t)((uint64_t)high << 32 | low);
  /* All zeros is what a free slot looks like. */
  if (tag->word == 0) tag->word = 1;
}
