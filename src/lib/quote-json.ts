const shortLength = 64;

/** As `JSON.stringify` of a string; short ones without escapes without a call into the runtime. */
export function quoteJson(text: string): string {
  if (text.length > shortLength) return JSON.stringify(text);
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const isPlain = unit >= 0x20 && unit < 0x7f && unit !== 0x22 && unit !== 0x5c;
    if (!isPlain) return JSON.stringify(text);
  }
  return `"${text}"`;
}
