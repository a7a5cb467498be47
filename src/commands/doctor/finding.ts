// A finding of the doctor: one thing looked at, how it stands, and what to do about it.
export interface Finding {
  /** `database`, `webhook endpoint` …: the same in every run. */
  check: string;
  /** `mended`: it was a problem until just now. `noted`: worth knowing, nothing to do. */
  state: 'ok' | 'mended' | 'noted' | 'problem';
  says: string;
  /** What a person should do. */
  todo?: string;
  /** A new signing secret: said this once and kept nowhere. */
  secret?: string;
}

export function ok(check: string, says: string): Finding {
  return { check, state: 'ok', says };
}

export function noted(check: string, says: string, todo?: string): Finding {
  return { check, state: 'noted', says, ...(todo !== undefined && { todo }) };
}

export function problem(check: string, says: string, todo: string): Finding {
  return { check, state: 'problem', says, todo };
}

/** One line each, and beneath it what to do. */
export function lines(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .flatMap(({ check, state, says, todo, secret }) => [
      `${signs[state]}  ${check.padEnd(width)}  ${says}`,
      ...(todo === undefined ? [] : [`${' '.repeat(11 + width)}→ ${todo}`]),
      ...(secret === undefined ? [] : [`${' '.repeat(13 + width)}${secret}`]),
    ])
    .join('\n');
}

const signs = { ok: 'ok     ', mended: 'mended ', noted: 'note   ', problem: 'PROBLEM' } as const;
