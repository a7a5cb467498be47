// Chart: bars and lines drawn on the server as SVG that needs neither script nor style, nor colour to be read.
import { type Currency, exponentOf } from '../values/money.ts';
import type { PeriodLength } from '../values/period.ts';
import type { Words } from '../words/words.ts';
import { dateText } from './figures.ts';
import type { Row } from './report.ts';

export interface Drawn {
  /** For wide pages and for narrow ones, where the same picture would be too small to read. */
  wide: string;
  narrow: string;
  /** Its bars lead somewhere. */
  linked: boolean;
}

/** How a part is filled; colours come from the style sheet. */
export type Tone = keyof typeof marks;

/** One of the parts of each bar, from the foot outwards; what is negative goes down. */
export interface Part {
  tone: Tone;
  /** Beside the last bar, and in the legend. */
  name: string;
  term: string;
  valueOf(row: Row): number;
  /** The address of the list behind it; null where there is none. */
  behind?(row: Row): string | null;
}

/** One of the lines: a share of each period, with gaps where it is not defined. */
export interface Line {
  term: string;
  column: string;
}

/** What a picture is drawn of. `id` is its own within the page. */
export interface Drawing {
  words: Words;
  id: string;
  rows: readonly Row[];
  by: PeriodLength;
}

/** Told apart without colour by what is drawn over them: nothing, dots, stripes, a lattice, upright lines. */
const marks = {
  first: '',
  second: '<circle cx="2" cy="2" r="1.1"/><circle cx="6" cy="6" r="1.1"/>',
  third: '<path d="M-2 2L2-2M-2 10L10-2M6 10L10 6" fill="none" stroke-width="1.6"/>',
  fourth: '<path d="M0 4H8M4 0V8" fill="none" stroke-width="1.2"/>',
  fifth: '<path d="M2 0V8M6 0V8" fill="none" stroke-width="1.4"/>',
} as const;

/** How parts are filled, for one picture: a picture that is not shown lends its patterns to no other. */
export function patternsOf(picture: string, tones: readonly Tone[]): string {
  const patterns = tones.map(
    (tone) =>
      `<pattern id="${patternOf(picture, tone)}" class="${tone}" width="8" height="8" patternUnits="userSpaceOnUse"><path class="ground" d="M0 0H8V8H0z"/>${marks[tone]}</pattern>`,
  );
  return `<defs>${patterns.join('')}</defs>`;
}

export function patternOf(picture: string, tone: Tone): string {
  return `${picture}-${tone}`;
}

/** Draws a bar for each row, its parts stacked up or down. The libraries are fetched at the first drawing: the start stays quick. */
export async function drawBars(
  drawing: Drawing,
  parts: readonly Part[],
  moneyIn: Currency,
  /** Whether each bar says what it comes to. */
  labelled: boolean,
): Promise<Drawn> {
  const { words, id, rows } = drawing;
  const canvas = await openCanvas();
  const perMajor = 10 ** exponentOf(moneyIn);
  const valueIn = (row: Row, part: Part) => part.valueOf(row) / perMajor;
  const reach = (row: Row, sign: 1 | -1) =>
    parts.reduce((sum, part) => sum + Math.max(sign * valueIn(row, part), 0), 0);
  const most = Math.max(...rows.map((row) => reach(row, 1)), 1);
  const least = Math.max(...rows.map((row) => reach(row, -1)));
  const compact = new Intl.NumberFormat(words.locale, {
    style: 'currency',
    currency: moneyIn,
    notation: 'compact',
    maximumSignificantDigits: 3,
  });
  const bars = rows.flatMap((row) =>
    parts.flatMap((part) => {
      const value = valueIn(row, part);
      if (value === 0) return [];
      const period = periodText(words, drawing.by, String(row.period), true);
      const title = words.reports.barLeads(part.term, period, compact.format(Math.abs(value)));
      return [
        { period: String(row.period), tone: part.tone, value, href: part.behind?.(row) ?? null, title },
      ];
    }),
  );
  const draw = (size: Size) => {
    const picture = `${id}-${size.kind}`;
    const every = Math.ceil(rows.length / size.names);
    const names = size.kind === 'wide' ? endNames(rows.at(-1), parts, valueIn) : [];
    return canvas.draw(drawing, size, patternsOf(picture, [...new Set(parts.map(({ tone }) => tone))]), {
      y: {
        domain: [-least * 1.08, most * 1.08],
        tickFormat: (value: number) => compact.format(value),
      },
      marks: [
        canvas.plot.barY(bars, {
          x: 'period',
          y: 'value',
          fill: ({ tone }: { tone: Tone }) => `url(#${patternOf(picture, tone)})`,
          href: 'href',
          title: 'title',
        }),
        canvas.plot.ruleY([0]),
        canvas.plot.text(labelled && every === 1 ? rows : [], {
          x: 'period',
          y: (row: Row) => reach(row, 1),
          text: (row: Row) => (reach(row, 1) === 0 ? '' : compact.format(reach(row, 1))),
          dy: -9,
        }),
        canvas.names(spread(names, -least, most, size.height), rows, size),
      ],
    });
  };
  return drawnBy(draw);
}

/** Draws a line for each share, each with marks and dashes of its own. */
export async function drawLines(drawing: Drawing, lines: readonly Line[]): Promise<Drawn> {
  const { words, rows } = drawing;
  const canvas = await openCanvas();
  const values = rows.flatMap((row) => lines.flatMap(({ column }) => shareOf(row, column) ?? []));
  const most = Math.max(...values, 0.05);
  const least = Math.min(...values, 0);
  const percent = new Intl.NumberFormat(words.locale, { style: 'percent', maximumFractionDigits: 1 });
  const draw = (size: Size) =>
    canvas.draw(drawing, size, '', {
      y: {
        domain: [least * 1.08, most * 1.08],
        tickFormat: (value: number) => percent.format(value),
      },
      marks: [
        canvas.plot.ruleY([0]),
        ...lines.flatMap(({ column }, at) => [
          canvas.plot.lineY(rows, {
            x: 'period',
            y: (row: Row) => shareOf(row, column) ?? Number.NaN,
            className: `line line-${at + 1}`,
            strokeWidth: 2,
            strokeDasharray: lineStyles[at]?.dashes ?? 'none',
          }),
          canvas.plot.dot(
            rows.filter((row) => shareOf(row, column) !== null),
            {
              x: 'period',
              y: column,
              className: `line line-${at + 1}`,
              symbol: lineStyles[at]?.symbol ?? 'circle',
              r: 3.5,
              fill: 'currentColor',
            },
          ),
        ]),
        canvas.names(
          size.kind === 'wide' ? spread(lineNames(rows, lines), least, most, size.height) : [],
          rows,
          size,
        ),
      ],
    });
  return drawnBy(draw);
}

/** One step of a waterfall, in minor units: where it begins and where it ends. */
export interface Step {
  name: string;
  from: number;
  to: number;
  /** A change, or how things stand before and after all of them. */
  is: 'standing' | 'gain' | 'loss';
  /** The address of the list behind it; null where there is none. */
  behind: string | null;
}

/** Draws how something came from one height to another: a line for each step, so that names and amounts have room. */
export async function drawWaterfall(
  { words, id }: Pick<Drawing, 'words' | 'id'>,
  steps: readonly Step[],
  moneyIn: Currency,
): Promise<Drawn> {
  const canvas = await openCanvas();
  const perMajor = 10 ** exponentOf(moneyIn);
  const most = Math.max(...steps.flatMap(({ from, to }) => [from, to])) / perMajor;
  const tones = { standing: 'first', gain: 'fourth', loss: 'third' } as const;
  const amount = (step: Step) => {
    const change = (step.to - step.from) / perMajor;
    const sign = step.is === 'gain' ? '+' : step.is === 'loss' ? '−' : '';
    const format = new Intl.NumberFormat(words.locale, { style: 'currency', currency: moneyIn });
    return sign + format.format(Math.abs(change));
  };
  const draw = (size: Size) => {
    const picture = `${id}-${size.kind}`;
    const svg = canvas.plot.plot({
      document: canvas.document,
      width: size.width,
      height: steps.length * 34 + 16,
      marginTop: 4,
      marginLeft: size.kind === 'wide' ? 150 : 112,
      marginRight: size.kind === 'wide' ? 110 : 76,
      marginBottom: 8,
      style: { fontSize: `${size.fontSize}px` },
      x: { domain: [0, Math.max(most, 1)], axis: null },
      y: { type: 'band', domain: steps.map(({ name }) => name), padding: 0.3, label: null, tickSize: 0 },
      marks: [
        canvas.plot.barX(steps, {
          y: 'name',
          x1: ({ from }: Step) => from / perMajor,
          x2: ({ to }: Step) => to / perMajor,
          fill: ({ is }: Step) => `url(#${patternOf(picture, tones[is])})`,
          href: 'behind',
          title: (step: Step) => `${step.name}: ${amount(step)}`,
        }),
        canvas.plot.text(steps, {
          y: 'name',
          x: ({ from, to }: Step) => Math.max(from, to) / perMajor,
          text: amount,
          textAnchor: 'start',
          dx: 6,
        }),
        canvas.plot.ruleX([0]),
      ],
    });
    return withoutStyle(svg).replace('>', `>${patternsOf(picture, Object.values(tones))}`);
  };
  return drawnBy(draw);
}

/** One bar of a comparison: what it is of, how long it is, and what stands at its end. */
export interface Bar {
  name: string;
  value: number;
  label: string;
}

/** Draws a lying bar for each of a few things, so that their names have room: beside the bar, on narrow pages above it. */
export async function drawComparison({ id }: Pick<Drawing, 'id'>, bars: readonly Bar[]): Promise<Drawn> {
  const canvas = await openCanvas();
  const most = Math.max(...bars.map(({ value }) => value));
  const places = bars.map((_bar, place) => place);
  const valueAt = (place: number) => bars[place]?.value ?? 0;
  const nameAt = (place: number) => bars[place]?.name ?? '';
  const draw = (size: Size) => {
    const picture = `${id}-${size.kind}`;
    const isWide = size.kind === 'wide';
    const room = isWide ? 40 : 44;
    const svg = canvas.plot.plot({
      document: canvas.document,
      width: size.width,
      height: bars.length * (isWide ? 32 : 46) + 12,
      marginTop: 4,
      marginLeft: isWide ? 300 : 2,
      marginRight: isWide ? 190 : 132,
      marginBottom: 8,
      style: { fontSize: `${size.fontSize}px` },
      x: { domain: [0, most], axis: null },
      y: { type: 'band', domain: places, padding: isWide ? 0.3 : 0.12, axis: null },
      marks: [
        canvas.plot.barX(places, {
          y: (place: number) => place,
          x: valueAt,
          insetTop: isWide ? 0 : 18,
          fill: `url(#${patternOf(picture, 'first')})`,
        }),
        canvas.plot.text(places, {
          y: (place: number) => place,
          x: 0,
          text: (place: number) => shortened(nameAt(place), room),
          textAnchor: isWide ? 'end' : 'start',
          dx: isWide ? -8 : 4,
          dy: isWide ? 0 : -13,
        }),
        canvas.plot.text(places, {
          y: (place: number) => place,
          x: valueAt,
          text: (place: number) => bars[place]?.label ?? '',
          textAnchor: 'start',
          dx: 6,
          dy: isWide ? 0 : 9,
        }),
        canvas.plot.ruleX([0]),
      ],
    });
    return withoutStyle(svg).replace('>', () => `>${patternsOf(picture, ['first'])}`);
  };
  return drawnBy(draw);
}

/** The beginning and the end of a long name: an address tells most at its end. */
function shortened(name: string, room: number): string {
  const letters = [...name];
  if (letters.length <= room) return name;
  return `${letters.slice(0, 12).join('')}…${letters.slice(13 - room).join('')}`;
}

/** Lines are told apart by their dashes and by what marks their points. */
const lineStyles = [
  { dashes: 'none', symbol: 'circle', mark: '<circle cx="12" cy="8" r="3.5"/>' },
  { dashes: '7 4', symbol: 'square', mark: '<path d="M9 5h6v6H9z"/>' },
  { dashes: '2 4', symbol: 'triangle', mark: '<path d="M12 4l4 7H8z"/>' },
] as const;

/** How a line looks, for the legend: in a box of 24 by 16. */
export function sampleOf(at: number): string {
  const { dashes, mark } = lineStyles[at] ?? lineStyles[0];
  const line = `<path d="M0 8H24" stroke="currentColor" stroke-width="2" stroke-dasharray="${dashes}"/>`;
  return `<g class="line line-${at + 1}" fill="currentColor">${line}${mark}</g>`;
}

function drawnBy(draw: (size: Size) => string): Drawn {
  const wide = draw(sizes.wide);
  return { wide, narrow: draw(sizes.narrow), linked: wide.includes('<a ') };
}

interface Size {
  kind: 'wide' | 'narrow';
  width: number;
  height: number;
  marginRight: number;
  /** How many periods can be named under the picture. */
  names: number;
  fontSize: number;
}

const sizes = {
  wide: { kind: 'wide', width: 1040, height: 300, marginRight: 132, names: 13, fontSize: 13 },
  narrow: { kind: 'narrow', width: 358, height: 260, marginRight: 8, names: 4, fontSize: 12 },
} as const satisfies Record<string, Size>;

/** Room for the longest label of the axis. */
const marginLeft = 66;

async function openCanvas() {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  type Options = NonNullable<Parameters<typeof plot.plot>[0]>;
  return {
    plot,
    document,
    draw(
      { words, rows, by }: Drawing,
      size: Size,
      patterns: string,
      { y, marks: drawn }: { y: Options['y']; marks: NonNullable<Options['marks']> },
    ): string {
      const every = Math.ceil(rows.length / size.names);
      const svg = plot.plot({
        document,
        width: size.width,
        height: size.height,
        marginTop: 20,
        marginLeft,
        marginRight: size.marginRight,
        marginBottom: 28,
        style: { fontSize: `${size.fontSize}px` },
        x: {
          type: 'band',
          domain: rows.map((row) => String(row.period)),
          padding: 0.28,
          label: null,
          tickSize: 0,
          tickFormat: (period: string, index: number) =>
            index % every === 0 ? periodText(words, by, period, index === 0) : '',
        },
        y: { label: null, ticks: 5, tickSize: 0, grid: true, ...y },
        marks: drawn,
      });
      return withoutStyle(svg).replace('>', `>${patterns}`);
    },
    /** Names beside the last period. */
    names(names: readonly Name[], rows: readonly Row[], { width, marginRight }: Size) {
      return plot.text(names, {
        x: () => rows.at(-1)?.period,
        y: 'at',
        text: 'text',
        textAnchor: 'start',
        dx: (width - marginLeft - marginRight) / Math.max(rows.length, 1) / 2 + 4,
      });
    },
  };
}

interface Name {
  text: string;
  at: number;
}

/** What each part is called, beside its place in the last bar, where the bar has that part. */
function endNames(
  last: Row | undefined,
  parts: readonly Part[],
  valueIn: (row: Row, part: Part) => number,
): Name[] {
  if (!last) return [];
  const foot = { up: 0, down: 0 };
  return parts.flatMap((part) => {
    const value = valueIn(last, part);
    const side = value < 0 ? 'down' : 'up';
    const at = foot[side] + value / 2;
    foot[side] += value;
    return value === 0 ? [] : [{ text: part.name, at }];
  });
}

/** What each line is called, at the height of its last point. */
function lineNames(rows: readonly Row[], lines: readonly Line[]): Name[] {
  return lines.flatMap(({ term, column }) => {
    const last = rows.findLast((row) => shareOf(row, column) !== null);
    const at = last && shareOf(last, column);
    return at === undefined || at === null ? [] : [{ text: term, at }];
  });
}

function shareOf(row: Row, column: string): number | null {
  const value = row[column];
  return typeof value === 'number' ? value : null;
}

/** Moves names apart where their places are too near to each other, from the lowest up. */
function spread(names: readonly Name[], least: number, most: number, height: number): Name[] {
  const line = ((most - least) * 16) / (height - 48);
  let lowest = least + line / 2;
  return names
    .toSorted((a, b) => a.at - b.at)
    .map((name) => {
      const at = Math.max(name.at, lowest);
      lowest = at + line;
      return { ...name, at };
    });
}

function periodText(words: Words, by: PeriodLength, period: string, isFirst: boolean): string {
  if (by === 'year') return period.slice(0, 4);
  if (by !== 'month') return dateText(words, period, { day: 'numeric', month: 'short' }).replace('.', '');
  const short = dateText(words, period, { month: 'short' }).replace('.', '');
  return isFirst || period.slice(5, 7) === '01' ? `${short} ${period.slice(0, 4)}` : short;
}

/**
 * Plot writes a style element and sizes; the policy of our pages forbids the one, the page decides the other. The page's own words
 * stand for the whole picture: of itself it tells only where its bars lead.
 */
function withoutStyle(svg: Element): string {
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const styled of svg.querySelectorAll('[style]')) styled.removeAttribute('style');
  for (const name of ['style', 'width', 'height', 'class']) svg.removeAttribute(name);
  for (const labelled of svg.querySelectorAll('[aria-label]')) labelled.removeAttribute('aria-label');
  const links = [...svg.querySelectorAll('a')];
  for (const link of links) link.setAttribute('aria-label', link.querySelector('title')?.textContent ?? '');
  for (const part of links.length === 0 ? [svg] : svg.children)
    if (part.querySelector('a') === null) part.setAttribute('aria-hidden', 'true');
  return svg.outerHTML;
}
