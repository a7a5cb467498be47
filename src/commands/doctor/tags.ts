// Tags: `name=value; name=value`, as DKIM and DMARC records are written (RFC 6376, 3.2).

/** The tags by name, blanks at their ends gone; what has no value is left out. */
export function tagsOf(record: string): ReadonlyMap<string, string> {
  return new Map(
    record.split(';').flatMap((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()] as const];
    }),
  );
}
