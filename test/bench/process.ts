// What a process has used so far, as Linux tells it: memory held and processor time.
import { readFileSync } from 'node:fs';

/** Megabytes; 0 where the system does not tell. */
export function residentMb(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(told(pid, 'status')) ?? [];
  return Number(kilobytes) / 1024;
}

/** Milliseconds of all its threads; 0 where the system does not tell. */
export function processorMs(pid: number): number {
  // Behind the name, which stands in brackets and may hold anything: utime and stime in hundredths of a second.
  const fields = told(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

function told(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
